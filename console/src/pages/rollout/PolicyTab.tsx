import type { ReactNode } from "react";
import { Link } from "wouter";

import { hostsText } from "../../parts/dialog";
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
    ["At most unavailable", String(policy.max_unavailable)],
    ["At least accepting people", String(policy.min_available)],
    ["At most in work", hostsText(policy.max_in_flight)],
    [
      "First hosts",
      policy.canary_hosts ? `${hostsText(policy.canary_hosts)}, baked for ${policy.bake_minutes} min` : "none",
    ],
    ["Proof", policy.proof],
    ["After the first hosts", policy.canary_hold === "auto" ? "goes on by itself" : "waits for approval"],
    ["Strategy", policy.strategy],
    ["Warnings", warningsText(policy.warn_minutes)],
    ["Attempts of a host", String(policy.retries + 1)],
    ["Failures allowed", policy.on_failure === "continue" ? "any number" : hostsText(rollout.failures_allowed)],
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

/** `60, 15, 5 and 1 min before`. */
function warningsText(minutes: readonly number[]): string {
  if (minutes.length === 0) return "none";
  const last = minutes.at(-1);
  const others = minutes.slice(0, -1).join(", ");
  return `${others ? `${others} and ` : ""}${last} min before the deadline`;
}
