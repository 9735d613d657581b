import { useEffect, useRef, type ReactNode } from "react";

import { KeyValue } from "../KeyValue";
import { DoneIcon } from "../icons";
import styles from "./form.module.css";

interface Props {
  title: string;
  /** What the app has found in Azure. */
  found: readonly (readonly [name: string, value: ReactNode])[];
  /** What comes next: a sentence and its buttons. */
  next: string;
  children: ReactNode;
}

/** After a registration: what the app has found, and where to go from here. It takes the focus. */
export function Registered({ title, found, next, children }: Props): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <section className={`fc-card fc-section ${styles.form}`} aria-labelledby="registered">
      <header>
        <DoneIcon aria-hidden className={styles.ok} />
        <h2 id="registered" ref={heading} tabIndex={-1}>
          {title}
        </h2>
      </header>
      <KeyValue of={found} />
      <p>{next}</p>
      <div className={`fc-row ${styles.next}`}>{children}</div>
    </section>
  );
}
