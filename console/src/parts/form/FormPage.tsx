import { Button } from "@fluentui/react-components";
import { useEffect, useRef, type ReactNode } from "react";
import { useLocation } from "wouter";

import { hasOnlyFields, type ApiError } from "../../api";
import { ActionButton } from "../ActionButton";
import { Refusal } from "../FormPanel";
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
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    // The button is far below what was refused.
    if (problem && hasOnlyFields(problem, fields))
      form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problem, fields]);
  return (
    <form ref={form} className={styles.form} noValidate onSubmit={(event) => event.preventDefault()}>
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
