import { Button, DrawerBody, DrawerHeader, DrawerHeaderTitle, OverlayDrawer } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useReturnFocus } from "../../parts/dialog/useReturnFocus";
import { CloseIcon } from "../../parts/icons";
import { Navigation } from "./Navigation";

/** The navigation on a narrow window. Its code is loaded when somebody opens it. */
export function MenuDrawer({ needsYou, onClose }: { needsYou: number; onClose: () => void }): ReactNode {
  useReturnFocus();
  return (
    <OverlayDrawer open onOpenChange={(_, { open }) => !open && onClose()} size="small">
      <DrawerHeader>
        <DrawerHeaderTitle
          action={<Button appearance="subtle" icon={<CloseIcon />} aria-label="Close" onClick={onClose} />}
        >
          Freshcoat
        </DrawerHeaderTitle>
      </DrawerHeader>
      <DrawerBody>
        <Navigation needsYou={needsYou} onFollow={onClose} />
      </DrawerBody>
    </OverlayDrawer>
  );
}
