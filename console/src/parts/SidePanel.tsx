import {
  Button,
  DrawerBody,
  DrawerFooter,
  DrawerHeader,
  DrawerHeaderTitle,
  OverlayDrawer,
} from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useReturnFocus } from "./dialog/useReturnFocus";
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
  useReturnFocus();
  return (
    <OverlayDrawer open position="end" size="medium" onOpenChange={(_, { open }) => !open && onClose()}>
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
