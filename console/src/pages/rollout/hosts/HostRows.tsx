import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { peopleText } from "../../../parts/dialog";
import { HostStateText } from "../../../parts/states";
import { shortName } from "../../../parts/words";
import styles from "../rollout.module.css";
import { type GridHost } from "./grid";
import { stepOf } from "./keys";

interface Props {
  hosts: readonly GridHost[];
  chosen: string;
  onChoose: (host: string) => void;
}

const ROW = 32;

/** Thousands of hosts as rows; only those in view are drawn. One tab stop, with the keys of the grid. */
export function HostRows({ hosts, chosen, onChoose }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: hosts.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const [active, setActive] = useState("");
  const typed = useRef({ text: "", at: 0 });
  const wanted = useRef<string | null>(null);
  const drawn = rows.getVirtualItems().flatMap(({ index }) => hosts[index]?.name ?? []);
  const reachable = drawn.includes(active) ? active : drawn[0];
  // A row far away is only there once the box has scrolled to it.
  useEffect(() => {
    const row =
      wanted.current && box.current?.querySelector<HTMLElement>(`[data-host="${CSS.escape(wanted.current)}"]`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });
  const onKey = (event: KeyboardEvent): void => {
    const index = hosts.findIndex(({ name }) => name === reachable);
    const next = stepOf(event, index, hosts, 1, typed.current);
    const name = next === null ? undefined : hosts[next]?.name;
    if (next === null || name === undefined) return;
    event.preventDefault();
    wanted.current = name;
    setActive(name);
    rows.scrollToIndex(next);
  };
  return (
    <div ref={box} className={`fc-card ${styles.scroll}`}>
      <ul style={{ height: rows.getTotalSize() }} className={styles.rows} aria-label="Hosts by name">
        {rows.getVirtualItems().map(({ index, start }) => {
          const host = hosts[index];
          if (!host) return null;
          return (
            <li
              key={host.name}
              style={{ transform: `translateY(${start}px)` }}
              aria-setsize={hosts.length}
              aria-posinset={index + 1}
            >
              <button
                type="button"
                data-host={host.name}
                tabIndex={host.name === reachable ? 0 : -1}
                aria-pressed={host.name === chosen}
                onClick={() => onChoose(host.name)}
                onFocus={() => setActive(host.name)}
                onKeyDown={onKey}
              >
                <span className="fc-anywhere">{shortName(host.name)}</span>
                <HostStateText state={host.state} />
                <span className="fc-muted">{host.version ?? "no known version"}</span>
                <span className="fc-muted">{host.sessions > 0 ? peopleText(host.sessions) : ""}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
