import { memo, useCallback, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { peopleText } from "../../../parts/dialog";
import { PersonIcon } from "../../../parts/icons";
import { HOST_STATES } from "../../../parts/states/hosts";
import { HOST_MARKS } from "../../../parts/states/marks";
import { durationText } from "../../../parts/time/format";
import { useNow } from "../../../parts/time/useNow";
import { shortName } from "../../../parts/words";
import styles from "../rollout.module.css";
import { type Density, type GridHost } from "./grid";
import { HostRows } from "./HostRows";
import { stepOf } from "./keys";

interface Props {
  hosts: readonly GridHost[];
  density: Density;
  /** What all names begin with, which tiles leave out. */
  start: string;
  chosen: string;
  onChoose: (host: string) => void;
}

/**
 * The hosts by name, which never move. One tab stop: arrows go by place, Home and End to the ends, letters and digits to a
 * name, Enter opens a host.
 */
export function HostGrid(props: Props): ReactNode {
  const { hosts, density } = props;
  const [active, setActive] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const typed = useRef({ text: "", at: 0 });
  const current = hosts.some(({ name }) => name === active) ? active : (hosts[0]?.name ?? "");
  const choose = useLatest(props.onChoose);
  const onKey = useLatest((event: KeyboardEvent): void => {
    const index = hosts.findIndex(({ name }) => name === current);
    const next = stepOf(event, index, hosts, columnsOf(list.current), typed.current);
    if (next === null) return;
    event.preventDefault();
    setActive(hosts[next]?.name ?? "");
    list.current?.querySelectorAll("button")[next]?.focus();
  });
  if (density === "rows") return <HostRows {...props} />;
  return (
    <>
      <ul
        ref={list}
        className={density === "icons" ? `${styles.grid} ${styles.dense}` : styles.grid}
        aria-label="Hosts by name"
      >
        {hosts.map((host) => (
          <li key={host.name}>
            <Tile
              host={host}
              dense={density === "icons"}
              start={props.start}
              pressed={host.name === props.chosen}
              reachable={host.name === current}
              onChoose={choose}
              onReach={setActive}
              onKey={onKey}
            />
          </li>
        ))}
      </ul>
      <p className="fc-muted fc-small">Arrow keys move between hosts, Enter opens one.</p>
    </>
  );
}

/** A function that stays the same and calls the latest one, so that tiles which have not changed are not drawn again. */
function useLatest<A extends unknown[]>(latest: (...given: A) => void): (...given: A) => void {
  const kept = useRef(latest);
  useLayoutEffect(() => {
    kept.current = latest;
  });
  return useCallback((...given: A) => kept.current(...given), []);
}

/** How many tiles stand side by side now. */
function columnsOf(list: HTMLUListElement | null): number {
  const tops = Array.from(list?.children ?? [], (child) => (child as HTMLElement).offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[0]).length);
}

interface TileProps {
  host: GridHost;
  dense: boolean;
  start: string;
  pressed: boolean;
  reachable: boolean;
  onChoose: (host: string) => void;
  onReach: (host: string) => void;
  onKey: (event: KeyboardEvent) => void;
}

/** Only drawn again when something of its own has changed: an unchanged host is the same object as before. */
const Tile = memo(DrawnTile);

function DrawnTile({ host, dense, start, pressed, reachable, onChoose, onReach, onKey }: TileProps): ReactNode {
  const { className, word } = HOST_STATES[host.state];
  const name = shortName(host.name);
  return (
    <button
      type="button"
      className={`${styles.tile} ${className} ${styles[host.state] ?? ""}`}
      aria-pressed={pressed}
      tabIndex={reachable ? 0 : -1}
      title={dense ? `${name}, ${word}` : undefined}
      aria-label={dense ? `${name}, ${word}` : undefined}
      onClick={() => onChoose(host.name)}
      onFocus={() => onReach(host.name)}
      onKeyDown={onKey}
    >
      {dense ? HOST_MARKS[host.state] : <Words host={host} start={start} name={name} />}
    </button>
  );
}

/** Name, state, and what counts in it. */
function Words({ host, start, name }: { host: GridHost; start: string; name: string }): ReactNode {
  const { word, short } = HOST_STATES[host.state];
  return (
    <>
      <span className={styles.name}>
        <span>
          <span className="fc-sr">{start}</span>
          {name.startsWith(start) ? name.slice(start.length) : name}
        </span>
        {HOST_MARKS[host.state]}
      </span>
      <span className={styles.state}>
        <em>
          <span className="fc-sr">{`, ${word}`}</span>
          <span aria-hidden>{short}</span>
        </em>
        <Aside host={host} />
      </span>
    </>
  );
}

const WITH_PEOPLE: ReadonlySet<string> = new Set(["pending", "draining", "waiting_for_logoff", "signing_out"]);
const WITH_AGE: ReadonlySet<string> = new Set(["reimaging", "joining", "verifying"]);

/** People on a host that waits, or how long one in work is in its state. */
function Aside({ host }: { host: GridHost }): ReactNode {
  if (WITH_PEOPLE.has(host.state) && host.sessions > 0) {
    return (
      <span>
        <span className="fc-sr">, {peopleText(host.sessions)}</span>
        <span className={styles.people} aria-hidden>
          <PersonIcon />
          {host.sessions}
        </span>
      </span>
    );
  }
  return WITH_AGE.has(host.state) && host.since !== null ? <Age since={host.since} /> : null;
}

function Age({ since }: { since: number }): ReactNode {
  const now = useNow(10_000);
  return <span className={styles.age}>{durationText(now - since)}</span>;
}
