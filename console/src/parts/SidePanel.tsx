import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  OverlayDrawer,
} from "@fluentui/react-components";
import { useRef, type ReactNode } from "react";

import { useFirstFocus } from "./dialog/useFirstFocus";
import { CloseIcon } from "./icons";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Buttons at the bottom. */
  footer?: ReactNode;
}

/** A drawer at the right: details of something, or a form. Esc closes it and the focus returns. */
export function SidePanel({ title, onClose, children, footer }: Props): ReactNode {
  const surface = useRef<HTMLDivElement>(null);
  useFirstFocus(surface);
  return (
    <OverlayDrawer ref={surface} open position="end" size="medium" onOpenChange={(_, { open }) => !open && onClose()}>
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" icon={<CloseIcon />} aria-label="Close" onClick={onClose} />}
        >
          {title}
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>{children}</DrawerBody>
      {footer && <DrawerFooter>{footer}</DrawerFooter>}
    </OverlayDrawer>
  );
}
