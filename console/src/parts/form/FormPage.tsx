import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import type { ApiError } from "../../api";
import { ActionButton } from "../ActionButton";
import styles from "./form.module.css";
import { Refusal } from "./Refusal";

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
