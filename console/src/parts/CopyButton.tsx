import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { CopyIcon } from "./icons";
import { useTell } from "./toasts";

/** Copies a text. `what` is its name: `Copy id`. */
export function CopyButton({ text, what }: { text: string; what: string }): ReactNode {
  const tell = useTell();
  return (
    <Button
      appearance="subtle"
      size="small"
      icon={<CopyIcon />}
      aria-label={`Copy ${what}`}
      onClick={() => void navigator.clipboard.writeText(text).then(() => tell("Copied", text))}
    />
  );
}
