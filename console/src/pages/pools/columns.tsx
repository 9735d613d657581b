import type { ReactNode } from "react";
import { Link } from "wouter";

import type { Action } from "../../parts/ActionsMenu";
import { portalOf } from "../../parts/links";
import { MessageText } from "../../parts/MessageText";
import { ProgressBar, rolloutStateText, StateBar } from "../../parts/states";
import { actionsColumn } from "../../parts/table/columns";
import type { Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { whyNoRollBack, whyNoUnregister, whyNoUpdate } from "../../parts/pool";
import { capital } from "../../parts/words";
import { mixText, type Pool, type Rollout } from "./pools";
import styles from "./pools.module.css";

/** Why the person may not publish, or change settings. Null: they may. */
interface MayNot {
  publish: string | null;
  configure: string | null;
}

/** The columns of the list. */
export function poolColumns(mayNot: MayNot, navigate: (to: string) => void): Column<Pool>[] {
  return [
    {
      id: "name",
      header: "Pool",
      main: true,
      value: (pool) => pool.name,
      cell: (pool) => <Link href={`/pools/${pool.name}`}>{pool.name}</Link>,
    },
    { id: "account", header: "Account", value: (pool) => pool.account, cell: (pool) => pool.account, wideOnly: true },
    { id: "ring", header: "Ring", value: (pool) => pool.ring, cell: (pool) => capital(pool.ring), wideOnly: true },
    { id: "image", header: "Image, version", width: "18%", value: imageText, cell: (pool) => <Image pool={pool} /> },
    { id: "hosts", header: "Hosts", width: "76px", value: (pool) => pool.hosts, cell: (pool) => pool.hosts ?? "?" },
    {
      id: "sessions",
      header: "People",
      width: "76px",
      value: (pool) => pool.sessions,
      cell: (pool) => pool.sessions ?? "?",
    },
    {
      id: "rollout",
      header: "Rollout",
      width: "20%",
      cell: (pool) => (pool.running_rollout ? <Progress rollout={pool.running_rollout} /> : "None"),
    },
    {
      id: "next",
      header: "Next",
      width: "16%",
      cell: (pool) => (pool.running_rollout ? <Next rollout={pool.running_rollout} /> : ""),
    },
    actionsColumn(
      ({ name }) => name,
      (pool) => actionsOf(pool, mayNot, navigate),
    ),
  ];
}

function actionsOf(pool: Pool, mayNot: MayNot, navigate: (to: string) => void): Action[] {
  const at = `/pools/${pool.name}`;
  const rollout = pool.running_rollout;
  return [
    {
      text: "Update Image",
      whyNot: whyNoUpdate(pool, mayNot.publish),
      onClick: () => navigate(`${at}/update-image`),
    },
    ...(rollout ? [{ text: "Show the rollout", onClick: () => navigate(`/rollouts/${rollout.id}`) }] : []),
    {
      text: pool.previous_version ? `Roll back to ${pool.previous_version}` : "Roll back",
      whyNot: whyNoRollBack(pool, mayNot.publish),
      onClick: () => navigate(`${at}?ask=roll-back`),
    },
    { text: "Hosts", onClick: () => navigate(at), apart: true },
    { text: "Rollouts", onClick: () => navigate(`${at}?tab=rollouts`) },
    { text: "Policy", onClick: () => navigate(`${at}?tab=policy`) },
    { text: "Settings", whyNot: mayNot.configure, onClick: () => navigate(`${at}/settings`) },
    { text: "Open in Azure", href: portalOf(pool.host_pool_id) },
    {
      text: "Unregister",
      whyNot: whyNoUnregister(pool, mayNot.configure),
      onClick: () => navigate(`${at}?ask=unregister`),
      apart: true,
    },
  ];
}

function imageText(pool: Pool): string {
  return pool.version ? `${pool.image} ${pool.version}` : pool.image;
}

function Image({ pool }: { pool: Pool }): ReactNode {
  if (pool.problem) return <span className={styles.problem}>{pool.problem}</span>;
  const mix = mixText(pool);
  return (
    <div>
      {imageText(pool)}
      {mix && <div className="fc-muted fc-small">{mix}</div>}
    </div>
  );
}

function Progress({ rollout }: { rollout: Rollout }): ReactNode {
  const moving = ["running", "rolling_back", "cancelling"].includes(rollout.state);
  const label = `${rollout.pool} to ${rollout.version}`;
  return (
    <div className={styles.rollout}>
      <Link href={`/rollouts/${rollout.id}`}>
        {rollout.percent} % to {rollout.version}, {rolloutStateText(rollout.state).toLowerCase()}
      </Link>
      <ProgressBar percent={rollout.percent} label={label} moving={moving} />
      <StateBar counts={rollout.counts} slim />
      {rollout.note && (
        <div className="fc-muted fc-small">
          <MessageText message={rollout.note} />
        </div>
      )}
    </div>
  );
}

/** What comes next, and when it ends. */
function Next({ rollout }: { rollout: Rollout }): ReactNode {
  return (
    <div className="fc-small">
      {rollout.next && <MessageText message={rollout.next} />}
      {rollout.expected_end && (
        <div className="fc-muted">
          ends about <Time at={rollout.expected_end} />
        </div>
      )}
    </div>
  );
}
