import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { Link } from "wouter";

import type { Model } from "../../api";
import { ActionButton } from "../../parts/ActionButton";
import { hostsText, peopleText } from "../../parts/dialog";
import { DoneIcon, FailedIcon, WarningIcon } from "../../parts/icons";
import { MessageText, sentence } from "../../parts/MessageText";
import { whyNoPlan, type Planned } from "../../parts/plan/usePlan";
import { ProblemBar } from "../../parts/ProblemBar";
import { SidePanel } from "../../parts/SidePanel";
import { durationText, useNow, useZones } from "../../parts/time";
import type { Plan } from "./form";
import { shortName } from "../../parts/words";
import { endText } from "./planTexts";
import styles from "./update-image.module.css";

interface Props {
  pool: Model<"PoolView">;
  planned: Planned;
  /** Why nothing can be planned or published, or null. */
  whyNot: string | null;
  /** Whether each message of the problem stands beside its field. */
  fieldsOnly: boolean;
  onPublish: () => void;
  onCancel: () => void;
}

/** What will happen, beside the form: the plan of the form as it stands. */
export function Review({ pool, planned, whyNot, fieldsOnly, onPublish, onCancel }: Props): ReactNode {
  const { plan, current, problem } = planned;
  return (
    <aside className={`fc-card ${styles.review}`} aria-labelledby="review">
      <div className={styles.box} aria-busy={!current}>
        <h2 id="review" tabIndex={-1}>
          What will happen
        </h2>
        {problem && !fieldsOnly && (
          <ProblemBar problem={problem} actions={<Button onClick={planned.again}>Try again</Button>} />
        )}
        {plan ? (
          <Numbers plan={plan} current={current} />
        ) : (
          <p className="fc-muted">{whyNot ?? "Asking for the plan."}</p>
        )}
      </div>
      {plan && (
        <div className={current ? undefined : styles.waiting}>
          <Order plan={plan} />
          <Checks plan={plan} pool={pool} />
        </div>
      )}
      <div className={styles.foot}>
        <ActionButton appearance="primary" whyNot={whyNot ?? whyNoPlan(planned)} onClick={onPublish}>
          {publishText(planned)}
        </ActionButton>
        <Button appearance="transparent" onClick={onCancel}>
          Cancel
        </Button>
        {plan && current && <Checked at={planned.checkedAt} />}
      </div>
    </aside>
  );
}

/** `Publish 2.0.0 to 60 hosts`. Never the numbers of a plan that is not of the form as it stands. */
export function publishText({ plan, current }: Pick<Planned, "plan" | "current">): string {
  return plan && current ? `Publish ${plan.version} to ${hostsText(plan.to_update)}` : "Publish";
}

function Numbers({ plan, current }: { plan: Plan; current: boolean }): ReactNode {
  const { shown } = useZones();
  const now = useNow(30_000);
  const when = plan.schedule.mode === "now" ? "signed out now" : "signed out at the deadline";
  return (
    <div className={current ? undefined : styles.waiting}>
      <dl className={styles.numbers}>
        <div>
          <dt>hosts updated</dt>
          <dd>{plan.to_update}</dd>
        </div>
        <div>
          <dt>people on them now</dt>
          <dd>{plan.users_now}</dd>
        </div>
        <div className={plan.users_at_force > 0 ? styles.hot : undefined}>
          <dt>{when}</dt>
          <dd>
            {plan.users_at_force > 0 && "≤ "}
            {plan.users_at_force}
          </dd>
        </div>
      </dl>
      <p className="fc-muted fc-small">{endText(plan, shown, now)}</p>
      {[plan.proof, plan.deadline, plan.windows].map(
        (message) =>
          message && (
            <p key={message.code} className="fc-small">
              <MessageText message={message} />
            </p>
          ),
      )}
    </div>
  );
}

const FIRST_HOSTS = 4;

function Order({ plan }: { plan: Plan }): ReactNode {
  const [all, setAll] = useState(false);
  const hosts = plan.hosts.filter(({ action }) => action !== "skip");
  if (hosts.length === 0) return null;
  return (
    <div className={styles.box}>
      <h3>Order{plan.ordered_by && `: ${plan.ordered_by.text}`}</h3>
      <Hosts hosts={hosts.slice(0, FIRST_HOSTS)} />
      {hosts.length > FIRST_HOSTS && (
        <Button appearance="transparent" size="small" onClick={() => setAll(true)}>
          All {hosts.length} hosts
        </Button>
      )}
      {all && (
        <SidePanel title={`${hosts.length} hosts in this order`} onClose={() => setAll(false)}>
          <Hosts hosts={hosts} />
        </SidePanel>
      )}
    </div>
  );
}

function Hosts({ hosts }: { hosts: Plan["hosts"] }): ReactNode {
  return (
    <ol className={styles.order}>
      {hosts.map(({ host, sessions }) => (
        <li key={host}>
          <span>{shortName(host)}</span>
          <span className="fc-muted fc-small">{sessions === 0 ? "idle" : peopleText(sessions)}</span>
        </li>
      ))}
    </ol>
  );
}

function Checks({ plan, pool }: { plan: Plan; pool: Model<"PoolView"> }): ReactNode {
  const [shown, setShown] = useState(false);
  const passed = plan.preflight.filter(({ result }) => result === "pass");
  const others = plan.preflight.filter(({ result }) => result !== "pass");
  const blocking = others.some(({ check }) => check === "rollout") ? pool.running_rollout : null;
  return (
    <div className={styles.box}>
      <h3>
        Checks: {passed.length} passed{others.length > 0 && `, ${others.length} to know`}
      </h3>
      <ul className={styles.checks}>
        {others.map((finding) => (
          <Check key={finding.check} finding={finding} />
        ))}
        {shown && passed.map((finding) => <Check key={finding.check} finding={finding} />)}
      </ul>
      {blocking && <Link href={`/rollouts/${blocking.id}`}>Open the rollout that runs</Link>}
      {!shown && passed.length > 0 && (
        <Button appearance="transparent" size="small" onClick={() => setShown(true)}>
          Show what passed
        </Button>
      )}
    </div>
  );
}

const RESULTS = {
  pass: ["Passed", DoneIcon, styles.pass],
  warn: ["Warning", WarningIcon, styles.warn],
  fail: ["Stops it", FailedIcon, styles.fail],
} as const;

function Check({ finding }: { finding: Plan["preflight"][number] }): ReactNode {
  const [word, Icon, className] = RESULTS[finding.result];
  return (
    <li>
      <span className={className}>
        <Icon aria-hidden />
        <span className="fc-sr">{word}: </span>
      </span>
      <span>
        {sentence(finding.detail)} <span className="fc-muted">{sentence(finding.what_to_do)}</span>
      </span>
    </li>
  );
}

function Checked({ at }: { at: number }): ReactNode {
  useNow();
  return <p className="fc-muted fc-small">Checked {durationText(Date.now() - at)} ago. Nothing has been written.</p>;
}
