import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from "@fluentui/react-components";
import { useRef, useState, type ReactNode } from "react";

import { useFirstFocus } from "../../../parts/dialog/useFirstFocus";
import { CopyIcon } from "../../../parts/icons";
import styles from "../access.module.css";
import type { NewKey } from "./keys";

/**
 * The only time that the key is shown. Nothing keeps it: it is gone when this closes, so neither Esc nor a press beside
 * the dialog closes it.
 */
export function NewKeyDialog({ made, onClose }: { made: NewKey; onClose: () => void }): ReactNode {
  const surface = useRef<HTMLDivElement>(null);
  const copyButton = useRef<HTMLButtonElement>(null);
  const [copied, setCopied] = useState(false);
  useFirstFocus(surface, copyButton);
  // The key itself is not said in a toast, which would stay after the dialog.
  const copy = (): void => void navigator.clipboard.writeText(made.key).then(() => setCopied(true));
  return (
    <Dialog open modalType="alert">
      <DialogSurface ref={surface}>
        <DialogBody>
          <DialogTitle>The key {made.name}</DialogTitle>
          <DialogContent>
            <p>It is shown this once. Put it where the program finds it, and nowhere else.</p>
            <code className={`fc-mono ${styles.key}`}>{made.key}</code>
            <span role="status">{copied ? "Copied." : ""}</span>
          </DialogContent>
          <DialogActions fluid>
            <Button ref={copyButton} icon={<CopyIcon />} onClick={copy}>
              Copy the key
            </Button>
            <Button appearance="primary" onClick={onClose}>
              I have kept it
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
