import type { ReactNode } from "react";

import type { Live } from "../../../api";
import { ActionButton } from "../../../parts/ActionButton";
import { LostBar } from "../../../parts/LiveMark";
import styles from "../access.module.css";

interface Props {
  live: Live<unknown>;
  /** What this is, in one or two sentences. */
  text: string;
  verb: string;
  whyNot: string | null;
  onNew: () => void;
}

/** Above a list: what it is, and the button that adds to it. */
export function TabTop({ live, text, verb, whyNot, onNew }: Props): ReactNode {
  return (
    <>
      <div className={styles.top}>
        <p className="fc-muted">{text}</p>
        <ActionButton appearance="primary" whyNot={whyNot} onClick={onNew}>
          {verb}
        </ActionButton>
      </div>
      <LostBar live={live} />
    </>
  );
}
