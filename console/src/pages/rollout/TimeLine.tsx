import type { ReactNode } from "react";

import { Time, ZoneNote } from "../../parts/time";
import { useNow } from "../../parts/time/useNow";
import type { Rollout } from "./rollout";
import styles from "./rollout.module.css";
import { lineOfTime, type Moment } from "./timeline";

/** The line of time: what was, the present, what comes. The list of its moments is what screen readers get. */
export function TimeLine({ rollout }: { rollout: Rollout }): ReactNode {
  const line = lineOfTime(rollout, useNow(5_000));
  if (!line) return null;
  return (
    <section className="fc-card fc-section" aria-label="Line of time">
      <header>
        <h2>When</h2>
        <span className="fc-push">
          <ZoneNote />
        </span>
      </header>
      <div className={styles.time}>
        <div className={styles.rail} aria-hidden>
          {line.band && <span className={styles.band} style={spanOf(line.band[0], line.band[1])} />}
          <span className={styles.past} style={spanOf(0, line.now ?? 100)} />
          {line.now !== null && <span className={styles.now} style={{ left: `${line.now}%` }} />}
        </div>
        <ol className={styles.moments}>
          {line.moments.map((moment) => (
            <Mark key={`${moment.kind}${moment.at}`} moment={moment} />
          ))}
        </ol>
      </div>
    </section>
  );
}

function Mark({ moment }: { moment: Moment }): ReactNode {
  const { place, above, kind, at, text } = moment;
  const edge = place < 8 ? styles.left : place > 92 ? styles.right : styles.middle;
  return (
    <li style={{ left: `${place}%` }} className={above ? styles.above : styles.below}>
      <span className={`${styles.dot} ${kind === "deadline" ? styles.deadline : ""}`} aria-hidden />
      <span className={`${styles.words} ${edge}`}>
        <Time at={new Date(at).toISOString()} /> <span className="fc-muted">{text}</span>
      </span>
    </li>
  );
}

function spanOf(from: number, to: number): { left: string; width: string } {
  return { left: `${from}%`, width: `${Math.max(0, to - from)}%` };
}
