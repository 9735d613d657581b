import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, type ReactNode } from "react";

import { peopleText } from "../../../parts/dialog";
import { HostStateText } from "../../../parts/states";
import { shortName } from "../../../parts/words";
import styles from "../rollout.module.css";
import { type GridHost } from "./grid";

interface Props {
  hosts: readonly GridHost[];
  chosen: string;
  onChoose: (host: string) => void;
}

const ROW = 32;

/** Thousands of hosts as rows; only those in view are drawn. */
export function HostRows({ hosts, chosen, onChoose }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: hosts.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
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
              <button type="button" aria-pressed={host.name === chosen} onClick={() => onChoose(host.name)}>
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
