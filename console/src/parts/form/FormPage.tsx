import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useEffect, useRef, type ReactNode } from "react";
import { useLocation } from "wouter";

import { hasOnlyFields, type ApiError } from "../../api";
import { ActionButton } from "../ActionButton";
import { ProblemBar } from "../ProblemBar";
import styles from "./form.module.css";

interface Props {
  /** The verb with its object: `Register image`. */
  verb: string;
  whyNot: string | null;
  busy: boolean;
  problem: ApiError | null;
  /** The fields whose messages stand below them. The others are said in a bar. */
  fields: readonly string[];
  /** Reads again what is stored, where the write has said If-Match. */
  onReadAgain?: () => void;
  onSubmit: () => void;
  /** Where Cancel leads. */
  back: string;
  children: ReactNode;
}

/** A form that is a page: what was refused, the fields, the buttons. */
export function FormPage(props: Props): ReactNode {
  const { verb, whyNot, busy, problem, fields, onReadAgain, onSubmit, back, children } = props;
  const [, navigate] = useLocation();
  return (
    <form className={styles.form} noValidate onSubmit={(event) => event.preventDefault()}>
      <Refusal problem={problem} fields={fields} onReadAgain={onReadAgain} />
      {children}
      <div className="fc-row">
        <ActionButton appearance="primary" whyNot={whyNot} busy={busy} onClick={onSubmit}>
          {verb}
        </ActionButton>
        <Button onClick={() => navigate(back)}>Cancel</Button>
      </div>
    </form>
  );
}

/** Above the fields, and scrolled to when it comes: the button is far below. */
function Refusal({ problem, fields, onReadAgain }: Pick<Props, "problem" | "fields" | "onReadAgain">): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!problem) return;
    const field = place.current?.parentElement?.querySelector<HTMLElement>("[aria-invalid=true]");
    if (hasOnlyFields(problem, fields)) field?.focus();
    else place.current?.scrollIntoView?.({ block: "nearest" });
  }, [problem, fields]);
  const inBar = problem && !hasOnlyFields(problem, fields);
  return (
    <div ref={place}>
      {inBar && (problem.status === 412 && onReadAgain ? <Changed onReadAgain={onReadAgain} /> : null)}
      {inBar && !(problem.status === 412 && onReadAgain) && <ProblemBar problem={problem} />}
    </div>
  );
}

function Changed({ onReadAgain }: { onReadAgain: () => void }): ReactNode {
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
