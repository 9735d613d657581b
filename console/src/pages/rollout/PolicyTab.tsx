import type { ReactNode } from "react";
import { Link } from "wouter";

import { KeyValue } from "../../parts/KeyValue";
import { Time } from "../../parts/time";
import type { Rollout } from "./rollout";
import styles from "./rollout.module.css";

/** By which rules it goes, and which hosts it leaves out. */
export function PolicyTab({ rollout }: { rollout: Rollout }): ReactNode {
  const { policy, schedule } = rollout;
  const rows: [string, ReactNode][] = [];
  if (schedule) {
    rows.push(["Begins", <Time key="begins" at={schedule.begin_at} form="deadline" />]);
    rows.push(["Deadline", <Time key="deadline" at={schedule.force_at} form="deadline" />]);
  }
  rows.push(
    ["Strategy", policy.strategy],
    ["Proof", policy.proof],
    ["Attempts of a host", String(policy.retries + 1)],
    ["Old disks are kept", policy.keep_old_disk_days ? `${policy.keep_old_disk_days} days` : "no"],
  );
  if (rollout.exclude.length) rows.push(["Left out", rollout.exclude.join(", ")]);
  return (
    <section className={`fc-card ${styles.panel}`}>
      <ul className={styles.summary}>
        {rollout.policy_summary.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <KeyValue of={rows} />
      <p className="fc-muted fc-small">
        These are the rules of this rollout.{" "}
        <Link href={`/pools/${rollout.pool}?tab=policy`}>The pool’s own policy</Link> is that of the next one.
      </p>
    </section>
  );
}
