import type { ReactNode } from "react";

/** Nothing is there: says what to do. */
export function EmptyState({ text, children }: { text: string; children?: ReactNode }): ReactNode {
  return (
    <div className="fc-empty">
      <p className="fc-muted">{text}</p>
      {children && <div className="fc-row">{children}</div>}
    </div>
  );
}
