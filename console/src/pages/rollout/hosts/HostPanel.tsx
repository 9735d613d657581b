import { Button } from "@fluentui/react-components";
import { useEffect, useRef, type ReactNode } from "react";

import { PACES, useLive, type Model } from "../../../api";
import { KeyValue } from "../../../parts/KeyValue";
import { CloseIcon, DoneIcon, FailedIcon, OutsideIcon, WorkingIcon } from "../../../parts/icons";
import { portalOf } from "../../../parts/links";
import { ProblemBar } from "../../../parts/ProblemBar";
import { HostStateText } from "../../../parts/states";
import { Since, Time } from "../../../parts/time";
import { durationText } from "../../../parts/time/format";
import { shortName } from "../../../parts/words";
import { isQuiet, type Rollout } from "../rollout";
import styles from "../rollout.module.css";

import { RetryHost } from "./RetryHost";
import { stepText } from "./steps";

type Host = Model<"RolloutHostView">;

interface Props {
  rollout: Rollout;
  host: string;
  onClose: () => void;
}

/** One host: what happened, what to do, its steps. Esc closes it, and the focus returns to its tile. */
export function HostPanel({ rollout, host, onClose }: Props): ReactNode {
  const found = useLive(
    "/api/rollouts/{rollout}/hosts",
    { path: { rollout: rollout.id }, query: { search: host, limit: 20 } },
    { ...PACES.rollout, isQuiet: () => isQuiet(rollout) },
  );
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !event.defaultPrevented) onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });
  const items = found.data && "items" in found.data ? (found.data.items as readonly Host[]) : undefined;
  const shown = items?.find((one) => one.host === host);
  return (
    <section ref={box} className={`fc-card ${styles.panel}`} aria-label={`Host ${shortName(host)}`}>
      <header className="fc-row">
        <h2 className="fc-anywhere">{shortName(host)}</h2>
        <span className="fc-push">
          <Button appearance="subtle" icon={<CloseIcon />} aria-label={`Close ${shortName(host)}`} onClick={onClose} />
        </span>
      </header>
      {found.error && <ProblemBar problem={found.error} />}
      {shown ? (
        <Details rollout={rollout} host={shown} />
      ) : (
        items && <p className="fc-muted">It is no longer part of this rollout.</p>
      )}
    </section>
  );
}

function Details({ rollout, host }: { rollout: Rollout; host: Host }): ReactNode {
  return (
    <>
      <p className={styles.headline}>
        <HostStateText state={host.state} />{" "}
        {host.state_since && (
          <span className="fc-muted fc-small">
            for <Since at={host.state_since} />
          </span>
        )}
      </p>
      {(host.error || host.what_to_do || host.reason) && (
        <div className={host.state === "failed" ? styles.trouble : styles.remark}>
          {host.error && <p className="fc-strong fc-anywhere">{host.error}</p>}
          {!host.error && host.reason && <p>{host.reason.text}</p>}
          {host.what_to_do && (
            <p>
              <b>What to do:</b> {host.what_to_do}
            </p>
          )}
        </div>
      )}
      <div className="fc-row">
        {host.state === "failed" && <RetryHost rollout={rollout} host={host.host} />}
        <Button
          as="a"
          appearance="subtle"
          icon={<OutsideIcon />}
          iconPosition="after"
          href={portalOf(host.vm_id)}
          target="_blank"
          rel="noreferrer"
        >
          Open in Azure
        </Button>
      </div>
      <Steps host={host} />
      <KeyValue of={factsOf(host)} />
    </>
  );
}

function Steps({ host }: { host: Host }): ReactNode {
  if (host.steps.length === 0) return null;
  return (
    <ol className={styles.steps} aria-label="Steps">
      {host.steps.map((step) => {
        const running = step.ok === null && step.seconds === null;
        const Icon = step.ok === false ? FailedIcon : running ? WorkingIcon : DoneIcon;
        const how = step.ok === false ? "failed" : running ? "goes on" : "done";
        return (
          <li key={`${step.attempt} ${step.name} ${step.at}`} className={step.ok === false ? styles.bad : undefined}>
            <span aria-hidden>
              <Icon />
            </span>
            <span>
              {stepText(step.name)}
              {step.attempt > 1 && <span className="fc-muted">{`, attempt ${step.attempt}`}</span>}
              <span className="fc-sr">{`, ${how}`}</span>
            </span>
            <span className="fc-muted fc-small">
              {step.seconds === null ? <Since at={step.at} /> : durationText(step.seconds * 1000)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** All who look share what was read, so it may be some minutes old. */
function Ago({ at }: { at: string }): ReactNode {
  return (
    <>
      <Since at={at} /> ago
    </>
  );
}

function factsOf(host: Host): [string, ReactNode][] {
  const facts: [string, ReactNode][] = [
    ["Version", host.version ?? "not known"],
    ["Goes to", host.target],
    ["People", host.sessions],
  ];
  if (host.from_version) facts.splice(1, 0, ["Was on", host.from_version]);
  if (host.attempt > 0) facts.push(["Attempt", host.attempt]);
  if (host.strategy) facts.push(["Rebuilt by", host.strategy]);
  if (host.status) facts.push(["AVD says", host.status]);
  if (host.power) facts.push(["VM", host.power]);
  if (host.seen_at) facts.push(["Read from Azure", <Ago key="seen" at={host.seen_at} />]);
  if (host.signed_out > 0) facts.push(["Signed out", host.signed_out]);
  if (host.waits?.until) facts.push(["Waits until", <Time key="until" at={host.waits.until} form="both" />]);
  if (host.old_disk_id) facts.push(["Old disk", "kept"]);
  return facts;
}
