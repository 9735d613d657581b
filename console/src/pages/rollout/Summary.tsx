import type { ReactNode } from "react";

import type { HostState } from "../../api";
import { peopleText } from "../../parts/dialog";
import { StateBar, StateLegend } from "../../parts/states";
import { Time } from "../../parts/time";
import { hasEnded, isMoving, workText, type Rollout } from "./rollout";
import styles from "./rollout.module.css";

interface Props {
  rollout: Rollout;
  states: ReadonlySet<HostState>;
  onStates: (states: ReadonlySet<HostState>) => void;
}

/** Where it stands and what comes next; the bar of states, whose legend filters the hosts below. */
export function Summary({ rollout, states, onStates }: Props): ReactNode {
  const toggle = (state: HostState): void => {
    const next = new Set(states);
    if (!next.delete(state)) next.add(state);
    onStates(next);
  };
  return (
    <section className="fc-card fc-section" aria-label="Progress">
      <div className={styles.facts}>
        <div>
          <div className={styles.percent}>
            {rollout.percent} % <span>of the work</span>
          </div>
          <div className="fc-muted fc-small">{workText(rollout)}</div>
        </div>
        {!hasEnded(rollout) && <Next rollout={rollout} />}
        <End rollout={rollout} />
        <Fact
          name={rollout.from_version ? `People still on ${rollout.from_version}` : "People on hosts to come"}
          value={rollout.people_left}
          line={signedOutText(rollout)}
        />
      </div>
      <StateBar counts={rollout.counts} />
      <StateLegend counts={rollout.counts} chosen={states} onToggle={toggle} />
    </section>
  );
}

function Fact({ name, value, line }: { name: string; value: ReactNode; line?: ReactNode }): ReactNode {
  return (
    <div>
      <div className="fc-muted fc-small">{name}</div>
      <div className={styles.value}>{value}</div>
      {line && <div className="fc-muted fc-small">{line}</div>}
    </div>
  );
}

function Next({ rollout: { next } }: { rollout: Rollout }): ReactNode {
  if (!next) return <Fact name="Next" value="Nothing is due" />;
  return next.at ? (
    <Fact name="Next" value={<Time at={next.at} form="both" />} line={next.text} />
  ) : (
    <Fact name="Next" value={<span className={styles.words}>{next.text}</span>} />
  );
}

function End({ rollout }: { rollout: Rollout }): ReactNode {
  if (rollout.ended_at) return <Fact name="Ended" value={<Time at={rollout.ended_at} />} />;
  if (!rollout.expected_end) {
    return <Fact name="Ends about" value="Not known" line={isMoving(rollout) ? undefined : "It rests now."} />;
  }
  const bounds = rollout.expected_end_bounds;
  return (
    <Fact
      name="Ends about"
      value={<Time at={rollout.expected_end} />}
      line={
        bounds && (
          <>
            between <Time at={bounds[0]} /> and <Time at={bounds[1]} />
          </>
        )
      }
    />
  );
}

function signedOutText({ sessions_signed_out: count }: Rollout): string {
  if (count === 0) return "nobody was signed out so far";
  return `${peopleText(count)} ${count === 1 ? "was" : "were"} signed out`;
}
