import { Button, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { KeyValue } from "../../parts/KeyValue";
import { MessageText } from "../../parts/MessageText";
import { ProgressBar, RolloutPill, StateBar } from "../../parts/states";
import { Time } from "../../parts/time";
import { versionsText } from "../../parts/words";
import { joinText, refreshText, type Pool } from "./pool";
import styles from "./pool.module.css";

/** What needs somebody, what runs, and what the pool is. */
export function Summary({ pool }: { pool: Pool }): ReactNode {
  const [, navigate] = useLocation();
  const rollout = pool.running_rollout;
  return (
    <>
      {pool.problem && (
        <MessageBar intent="error" className="fc-message">
          <MessageBarBody>
            {pool.problem}
            {pool.unreadable_since && (
              <>
                {" "}
                It cannot be read since <Time at={pool.unreadable_since} />.
              </>
            )}
          </MessageBarBody>
        </MessageBar>
      )}
      {pool.lost_hosts.length > 0 && (
        <MessageBar intent="warning" className="fc-message">
          <MessageBarBody>
            {pool.lost_hosts.length} hosts are out of the host pool:{" "}
            {pool.lost_hosts.map(({ host }) => host).join(", ")}. The next rollout takes them up.
          </MessageBarBody>
        </MessageBar>
      )}
      {rollout && (
        <section className={`fc-card ${styles.rollout}`} aria-label="Running rollout">
          <div className="fc-row">
            <b>
              <Link href={`/rollouts/${rollout.id}`}>
                To {rollout.version}, {rollout.percent} %
              </Link>
            </b>
            <RolloutPill state={rollout.state} />
            {rollout.note && (
              <span className="fc-muted">
                <MessageText message={rollout.note} />
              </span>
            )}
            <span className="fc-push" />
            <Button onClick={() => navigate(`/rollouts/${rollout.id}`)}>Open the rollout</Button>
          </div>
          <ProgressBar percent={rollout.percent} label={`${pool.name} to ${rollout.version}`} moving />
          <StateBar counts={rollout.counts} slim />
        </section>
      )}
      <section className={`fc-card ${styles.facts}`} aria-label="About the pool">
        <KeyValue of={factsOf(pool)} />
      </section>
      {pool.staged && <Staged pool={pool} />}
    </>
  );
}

function factsOf(pool: Pool): [string, ReactNode][] {
  const last = pool.last_rollout;
  const open = pool.next_window;
  return [
    ["Image", <Link href={`/images/${pool.image}`}>{pool.image}</Link>],
    ["Hosts by version", versionsText(pool.hosts_per_version) || "Not known"],
    ["Accepting people", pool.accepting === null ? "Not known" : `${pool.accepting} of ${pool.hosts ?? "?"}`],
    ["New hosts get", pool.new_hosts ? `${pool.new_hosts.version}: ${pool.new_hosts.reason.text}` : "Not known"],
    [
      "Last rollout",
      last ? (
        <>
          <Link href={`/rollouts/${last.id}`}>To {last.version}</Link> <RolloutPill state={last.state} />
        </>
      ) : (
        "None yet"
      ),
    ],
    [
      "Maintenance window",
      open ? (
        <>
          {open.open ? "Open until " : "Next "} <Time at={open.open ? open.closes_at : open.opens_at} />
        </>
      ) : (
        "Always"
      ),
    ],
    ["Refresh", refreshText(pool)],
    ["Hosts join", joinText(pool.join)],
    ["Time zone", pool.time_zone],
  ];
}

function Staged({ pool }: { pool: Pool }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <MessageBar intent="info" className="fc-message">
      <MessageBarBody>
        {pool.image} {pool.staged} is staged.{" "}
        {pool.ring === "test" ? "Test it on this pool." : "It is tested on pools of ring test first."}
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={() => navigate(`/images/${pool.image}`)}>Show the image</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
