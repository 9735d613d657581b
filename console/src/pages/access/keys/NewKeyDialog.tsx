import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { FormDialog } from "../../../parts/dialog";
import { CopyIcon } from "../../../parts/icons";
import styles from "../access.module.css";
import type { NewKey } from "./keys";

/** The only time that the key is shown. Nothing keeps it: it is gone when this closes. */
export function NewKeyDialog({ made, onClose }: { made: NewKey; onClose: () => void }): ReactNode {
  const [copied, setCopied] = useState(false);
  // The key itself is not said in a toast, which would stay after the dialog.
  const copy = (): void => void navigator.clipboard.writeText(made.key).then(() => setCopied(true));
  return (
    <FormDialog title={`The key ${made.name}`} verb="I have kept it" onSubmit={onClose} onClose={onClose}>
      <p>
        It is shown this once. Put it where the program finds it, and nowhere else. If it is lost, make another one.
      </p>
      <code className={`fc-mono ${styles.key}`}>{made.key}</code>
      <div className="fc-row">
        <Button icon={<CopyIcon />} onClick={copy}>
          Copy the key
        </Button>
        <span role="status">{copied ? "Copied" : ""}</span>
      </div>
    </FormDialog>
  );
}
