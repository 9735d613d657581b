import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useReturnFocus } from "../../parts/dialog/useReturnFocus";
import { KeyValue } from "../../parts/KeyValue";
import { GO_TO } from "./places";

export function ShortcutsDialog({ onClose }: { onClose: () => void }): ReactNode {
  useReturnFocus();
  const places = Object.entries(GO_TO).map(([key, { text }]): [string, string] => [`g then ${key}`, text]);
  return (
    <Dialog open onOpenChange={onClose}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Keyboard shortcuts</DialogTitle>
          <DialogContent>
            <KeyValue of={[["/", "Search on this page"], ...places, ["?", "This list"]]} />
            <p className="fc-muted fc-small">The account menu switches them off.</p>
          </DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onClose}>
              Close
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
