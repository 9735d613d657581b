import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useEffect, useRef, type ReactNode } from "react";

import { hasOnlyFields, type ApiError } from "../../api";
import { ProblemBar } from "../ProblemBar";

interface Props {
  problem: ApiError | null;
  /** The fields whose messages stand below them. */
  fields: readonly string[];
  /** Reads again what is stored, where the write has said If-Match. */
  onReadAgain?: () => void;
}

/**
 * What was refused, above the fields of a form. Scrolled to when it comes, since the button may be far below. Where each
 * message stands below its field, the first of those gets the focus instead, unless somebody is typing.
 */
export function Refusal({ problem, fields, onReadAgain }: Props): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const beside = problem !== null && hasOnlyFields(problem, fields);
  useEffect(() => {
    const isTyping = document.activeElement?.matches("input, select, textarea") ?? false;
    const form = place.current?.closest("form");
    if (beside && !isTyping) form?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    if (problem && !beside) place.current?.scrollIntoView?.({ block: "nearest" });
  }, [problem, beside]);
  return (
    <div ref={place} hidden={!problem || beside}>
      {problem && !beside && <What problem={problem} onReadAgain={onReadAgain} />}
    </div>
  );
}

function What({ problem, onReadAgain }: Omit<Props, "problem" | "fields"> & { problem: ApiError }): ReactNode {
  if (problem.status !== 412 || !onReadAgain) return <ProblemBar problem={problem} />;
  return (
    <MessageBar intent="warning" layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>Somebody else changed this meanwhile</MessageBarTitle> Nothing was saved. Read it again: what
        you changed stays in the form, the rest is as it is stored now.
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={onReadAgain}>Read it again</Button>
      </MessageBarActions>
    </MessageBar>
  );
}

/** The message of a field, as Fluent's `Field` takes it. */
export function said(message: string | undefined): { validationMessage?: string; validationState: "error" | "none" } {
  return { validationMessage: message, validationState: message ? "error" : "none" };
}
