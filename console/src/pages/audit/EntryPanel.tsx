import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { CopyButton } from "../../parts/CopyButton";
import type { Filters } from "../../parts/filters";
import { KeyValue } from "../../parts/KeyValue";
import { SidePanel } from "../../parts/SidePanel";
import { Time } from "../../parts/time";
import { FILTERS, kindText, pretty, whoText, withFilter, type Entry } from "./audit";
import styles from "./audit.module.css";

interface Props {
  entry: Entry;
  filters: Filters;
  onClose: () => void;
}

/** One entry whole: who, what was asked, what it was before and after, and its place in the chain. */
export function EntryPanel({ entry, filters, onClose }: Props): ReactNode {
  const none = Object.fromEntries(FILTERS.map((name) => [name, ""]));
  const related = (
    <Button onClick={() => filters.set(withFilter({ ...none, correlation: entry.correlation }))}>
      All entries of this request
    </Button>
  );
  return (
    <SidePanel title={entry.action} onClose={onClose} footer={entry.correlation ? related : undefined}>
      <KeyValue of={rowsOf(entry)} />
      <Json title="Asked" text={entry.asked} />
      <div className={styles.sides}>
        <Json title="Before" text={entry.before} />
        <Json title="After" text={entry.after} />
      </div>
      <h3>Place in the record</h3>
      <KeyValue
        of={[
          ["Writer", <Mono key="writer" text={entry.writer || "From before there were chains"} />],
          ["Sequence", entry.sequence],
          ["Digest", <Mono key="digest" text={entry.digest} />],
          ["The one before", <Mono key="previous" text={entry.previous} />],
        ]}
      />
    </SidePanel>
  );
}

function rowsOf(entry: Entry): [string, ReactNode][] {
  const rows: [string, ReactNode][] = [
    ["Time", <Time key="at" at={entry.at} />],
    ["Kind", kindText(entry)],
    ["Who", whoText(entry)],
    ["Caller", <Mono key="caller" text={entry.caller} />],
    ["Address", entry.address],
    ["Client", entry.client],
    ["Subject", entry.subject],
    ["Detail", entry.detail],
    ["Accounts", entry.accounts.map((name) => (name === "*" ? "all" : name)).join(", ")],
    ["Pool", entry.pool && <Link href={`/pools/${entry.pool}`}>{entry.pool}</Link>],
    ["Image", entry.image && <Link href={`/images/${entry.image}`}>{entry.image}</Link>],
    ["Rollout", entry.rollout && <Link href={`/rollouts/${entry.rollout}`}>{entry.rollout}</Link>],
    ["Request", entry.correlation && <Mono key="correlation" text={entry.correlation} />],
  ];
  const empty = new Set(["caller", "address", "client", "detail"].filter((name) => !entry[name as keyof Entry]));
  return rows.filter(([name, value]) => value !== "" && !empty.has(name.toLowerCase()));
}

function Mono({ text }: { text: string }): ReactNode {
  return <span className="fc-mono fc-anywhere">{text}</span>;
}

function Json({ title, text }: { title: string; text: string }): ReactNode {
  if (!text) return null;
  return (
    <section className={styles.json} aria-label={title}>
      <div className="fc-row">
        <h3>{title}</h3>
        <CopyButton text={text} what={title.toLowerCase()} />
      </div>
      <pre className="fc-mono">{pretty(text)}</pre>
    </section>
  );
}
