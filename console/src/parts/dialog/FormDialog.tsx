import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from "@fluentui/react-components";
import { useRef, type ReactNode } from "react";

import type { ApiError } from "../../api";
import { ActionButton } from "../ActionButton";
import { Refusal } from "../form/Refusal";
import { useFirstFocus } from "./useFirstFocus";

interface Props {
  title: string;
  children: ReactNode;
  /** The verb with its object. Left out: the dialog has only Cancel. */
  verb?: string;
  whyNot?: string | null;
  busy?: boolean;
  problem?: ApiError | null;
  /** The fields whose messages stand below them. The others are said in a bar. */
  fields?: readonly string[];
  wide?: boolean;
  onSubmit?: () => void;
  onClose: () => void;
}

/** A dialog with fields. Enter in a field sends it. */
export function FormDialog(props: Props): ReactNode {
  const { title, children, verb, whyNot, busy = false, problem, fields = [], wide, onSubmit, onClose } = props;
  const surface = useRef<HTMLDivElement>(null);
  useFirstFocus(surface);
  const submit = (): void => {
    if (!whyNot && !busy) onSubmit?.();
  };
  return (
    <Dialog open onOpenChange={(_, { open }) => !open && !busy && onClose()}>
      <DialogSurface ref={surface} className={wide ? "fc-wide-dialog" : undefined}>
        <form onSubmit={(event) => (event.preventDefault(), submit())}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent>
              <Refusal problem={problem ?? null} fields={fields} />
              {children}
            </DialogContent>
            <DialogActions fluid>
              <Button onClick={onClose} disabled={busy}>
                Cancel
              </Button>
              {verb && (
                <ActionButton appearance="primary" whyNot={whyNot} busy={busy} onClick={submit}>
                  {verb}
                </ActionButton>
              )}
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
