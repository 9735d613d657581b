import { Button, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { Time } from "../../parts/time";
import type { Attention } from "./pools";

/** More than these would push the table off the screen. */
const SHOWN = 3;

/** The rollouts that need somebody, with the way to each. */
export function AttentionBar({ items }: { items: readonly Attention[] }): ReactNode {
  const [, navigate] = useLocation();
  return items.slice(0, SHOWN).map(({ pool, rollout, text, since }) => (
    <MessageBar key={rollout} intent="warning" className="fc-message">
      <MessageBarBody>
        <b>{pool}</b> {text}
        {since && (
          <>
            {" "}
            since <Time at={since} />
          </>
        )}
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={() => navigate(`/rollouts/${rollout}`)}>
          Open<span className="fc-sr"> the rollout of {pool}</span>
        </Button>
      </MessageBarActions>
    </MessageBar>
  ));
}
