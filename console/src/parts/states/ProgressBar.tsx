import type { ReactNode } from "react";

import "./states.css";

interface Props {
  percent: number;
  /** What moves: `office to 2.0.0`. */
  label: string;
  /** Whether work goes on: the bar flows. */
  moving?: boolean;
}

export function ProgressBar({ percent, label, moving }: Props): ReactNode {
  const known = Math.min(100, Math.max(0, Math.round(percent)));
  return (
    <div
      className={moving ? "fc-progress fc-progress-moving" : "fc-progress"}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known}
    >
      <span style={{ width: `${known}%` }} />
    </div>
  );
}
