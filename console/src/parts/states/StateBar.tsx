import type { ReactNode } from "react";

import type { HostState } from "../../api";
import { countedStates, countsText, HOST_STATES } from "./hosts";
import "./states.css";

interface BarProps {
  /** Hosts per state. */
  counts: Readonly<Record<string, number>>;
  /** Low, for a row of a table. */
  slim?: boolean;
}

/** The bar of host states. It is drawn for the eye; the legend or the text beside it says the same in words. */
export function StateBar({ counts, slim }: BarProps): ReactNode {
  return (
    <div className={slim ? "fc-seg fc-seg-slim" : "fc-seg"} role="img" aria-label={countsText(counts) || "No hosts"}>
      {countedStates(counts).map(({ state, count }) => (
        <span key={state} className={HOST_STATES[state].className} style={{ flexGrow: count }} />
      ))}
    </div>
  );
}

interface LegendProps {
  counts: Readonly<Record<string, number>>;
  /** The states that are filtered for, when the legend is a filter. */
  chosen?: ReadonlySet<HostState>;
  onToggle?: (state: HostState) => void;
}

/** Icon, word and number of each state; with `onToggle` each is a button that filters. */
export function StateLegend({ counts, chosen, onToggle }: LegendProps): ReactNode {
  return (
    <ul className="fc-legend" aria-label="Hosts by state">
      {countedStates(counts).map(({ state, count }) => {
        const { className, icon: Icon, word } = HOST_STATES[state];
        const content = (
          <>
            <span className={`${className} fc-state-icon`} aria-hidden>
              <Icon />
            </span>
            {word} <b>{count}</b>
          </>
        );
        return (
          <li key={state}>
            {onToggle ? (
              <button type="button" aria-pressed={chosen?.has(state) ?? false} onClick={() => onToggle(state)}>
                {content}
              </button>
            ) : (
              <span>{content}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
