import { Button, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Live } from "../api";
import { freshness } from "../api/pace";
import { durationText } from "./time/format";
import { useNow } from "./time/useNow";

interface Props {
  live: Pick<Live<unknown>, "readAt" | "failures" | "refresh" | "error">;
  /** Whether nothing is asked for any more, because it has ended. */
  ended?: boolean;
}

/** How old the page is: `Live, 1 s ago`. Amber after three polls without an answer. */
export function LiveMark({ live, ended }: Props): ReactNode {
  useNow();
  if (ended || live.readAt === 0) return null;
  const now = Date.now();
  const age = durationText(now - live.readAt);
  const state = freshness(live.failures, live.readAt, now);
  return (
    <span className={`fc-live fc-live-${state}`}>
      {state === "live" ? `Live, ${age} ago` : `${age} old, trying again`}
    </span>
  );
}

/** A bar when nothing could be read for a minute. What is on the screen stays. */
export function LostBar({ live }: Props): ReactNode {
  useNow();
  const now = Date.now();
  if (live.readAt === 0 || freshness(live.failures, live.readAt, now) !== "lost") return null;
  return (
    <MessageBar intent="warning" className="fc-message">
      <MessageBarBody>
        Could not be read for {durationText(now - live.readAt)}: {live.error?.message} What you see may have changed.
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={live.refresh}>Try again</Button>
      </MessageBarActions>
    </MessageBar>
  );
}
