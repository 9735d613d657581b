import type { ReactNode } from "react";
import { Link } from "wouter";

import { ProgressBar, RolloutPill } from "../../parts/states";
import { ringsOf, ringText, type Task } from "./rings";
import styles from "./task.module.css";

/** The pools that the task updates, ring by ring. */
export function Pools({ task }: { task: Task }): ReactNode {
  return (
    <section className="fc-card fc-section" aria-labelledby="pools">
      <h2 id="pools">Pools</h2>
      {ringsOf(task.pools).map(({ ring, pools }) => (
        <div key={ring} className={styles.ring}>
          <h3>{ringText(ring, task)}</h3>
          <ul className={styles.pools}>
            {pools.map(({ pool, state, percent, rollout, note }) => (
              <li key={pool}>
                {rollout ? (
                  <Link href={`/rollouts/${rollout}`}>{pool}</Link>
                ) : (
                  <Link href={`/pools/${pool}`}>{pool}</Link>
                )}
                {state ? <RolloutPill state={state} /> : <span className="fc-muted">Not begun</span>}
                <div>
                  {state && <ProgressBar percent={percent} label={pool} moving={state === "running"} />}
                  {note && <div className="fc-muted fc-small">{note.text}</div>}
                </div>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}
