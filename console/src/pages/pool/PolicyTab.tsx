import { useState, type ReactNode } from "react";

import type { Model } from "../../api";
import { Choice } from "../../parts/Choice";
import { KeyValue } from "../../parts/KeyValue";
import { POLICY_NAMES, policyValue } from "../../parts/policy/words";
import type { Pool } from "./pool";
import styles from "./pool.module.css";

type Mode = keyof NonNullable<Pool["policy_resolved"]>;

const MODES: readonly (readonly [Mode, string])[] = [
  ["on_logoff", "On log off"],
  ["at", "Schedule at"],
  ["now", "Schedule now"],
];

/** How rollouts of the pool go, by the mode of their schedule: its own settings over the defaults. */
export function PolicyTab({ pool }: { pool: Pool }): ReactNode {
  const [mode, setMode] = useState<Mode>("on_logoff");
  const resolved = pool.policy_resolved?.[mode];
  return (
    <section className={`fc-card ${styles.facts}`} aria-label="Policy">
      <Choice label="Rollouts of mode" value={mode} choices={MODES} onChange={(value) => setMode(value as Mode)} />
      {resolved ? (
        <KeyValue of={rowsOf(resolved, pool.policy)} />
      ) : (
        <p className="fc-muted">The pool’s settings contradict each other in this mode.</p>
      )}
    </section>
  );
}

function rowsOf(policy: Model<"Policy">, own: Pool["policy"]): [string, ReactNode][] {
  return POLICY_NAMES.map(([name, text]) => {
    const value = policyValue(policy[name], name);
    const set = own[name] !== null && own[name] !== undefined;
    return [text, set ? <b key={name}>{value} (set on the pool)</b> : value];
  });
}
