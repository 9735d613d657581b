import { useId, type ReactNode } from "react";

import { CrumbIcon } from "../../parts/icons";
import styles from "./update-image.module.css";

interface Props {
  title: string;
  /** After the title: whether something is set. */
  state: string;
  /** Its effect in one line. */
  effect: string;
  open: boolean;
  onToggle: () => void;
  children: ReactNode;
}

/** A section of the form that is folded at first: a line says what it does. */
export function Fold({ title, state, effect, open, onToggle, children }: Props): ReactNode {
  const id = useId();
  return (
    <section className="fc-card fc-section" aria-labelledby={id}>
      <button type="button" className={styles.fold} aria-expanded={open} onClick={onToggle}>
        <span aria-hidden className={open ? styles.unfolded : undefined}>
          <CrumbIcon />
        </span>
        <span>
          <b id={id}>{title}</b>
          {state}
          <br />
          <span className="fc-muted fc-small">{effect}</span>
        </span>
      </button>
      {open && children}
    </section>
  );
}
