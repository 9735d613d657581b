import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useEffect, useId, useRef, type ReactNode } from "react";

import { hasOnlyFields, type ApiError } from "../api";
import { ActionButton } from "./ActionButton";
import { ProblemBar } from "./ProblemBar";
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
    <SidePanel title={title} onClose={onClose} footer={footer}>
      <form id={id} className="fc-stack" noValidate onSubmit={(event) => (event.preventDefault(), submit())}>
        <Refusal problem={problem} fields={fields} onReadAgain={onReadAgain} />
        {children}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </SidePanel>
  );
}

type RefusalProps = Pick<Props, "problem" | "fields" | "onReadAgain">;

/** Above the fields, and scrolled to when it comes. */
export function Refusal({ problem, fields, onReadAgain }: RefusalProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (problem) place.current?.scrollIntoView?.({ block: "nearest" });
  }, [problem]);
  if (!problem || hasOnlyFields(problem, fields)) return null;
  return (
    <div ref={place}>
      {problem.status === 412 && onReadAgain ? (
        <MessageBar intent="warning" layout="multiline" className="fc-message">
          <MessageBarBody>
            <MessageBarTitle>Somebody else changed this meanwhile</MessageBarTitle> Nothing was saved. Read it again:
            what you changed stays in the form, the rest is as it is stored now.
          </MessageBarBody>
          <MessageBarActions>
            <Button onClick={onReadAgain}>Read it again</Button>
          </MessageBarActions>
        </MessageBar>
      ) : (
        <ProblemBar problem={problem} />
      )}
    </div>
  );
}

/** The message of a field, as Fluent's `Field` takes it. */
export function said(message: string | undefined): { validationMessage?: string; validationState: "error" | "none" } {
  return { validationMessage: message, validationState: message ? "error" : "none" };
}
