import { Button } from "@fluentui/react-components";
import { useId, type ReactNode } from "react";

import type { ApiError } from "../api";
import { ActionButton } from "./ActionButton";
import { Refusal } from "./form/Refusal";
import { SidePanel } from "./SidePanel";

interface Props {
  title: string;
  /** The verb with its object: `Register contoso`. */
  verb: string;
  whyNot?: string | null;
  busy: boolean;
  problem: ApiError | null;
  /** The fields whose messages stand below them. The others are said in a bar. */
  fields: readonly string[];
  /** Reads again what is stored, where the write has said If-Match. */
  onReadAgain?: () => void;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A form in a drawer. Enter in a field sends it; a refusal stands above, or below the field that it is about. */
export function FormPanel(props: Props): ReactNode {
  const { title, verb, whyNot, busy, problem, fields, onReadAgain, onSubmit, onClose, children } = props;
  const id = useId();
  const submit = (): void => {
    if (!whyNot && !busy) onSubmit();
  };
  const footer = (
    <>
      <ActionButton appearance="primary" whyNot={whyNot} busy={busy} onClick={submit}>
        {verb}
      </ActionButton>
      <Button onClick={onClose} disabled={busy}>
        Cancel
      </Button>
    </>
  );
  return (
    <SidePanel title={title} onClose={() => busy || onClose()} footer={footer}>
      <form id={id} className="fc-stack" noValidate onSubmit={(event) => (event.preventDefault(), submit())}>
        <Refusal problem={problem} fields={fields} onReadAgain={onReadAgain} />
        {children}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </SidePanel>
  );
}
