import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { hostsText } from "../../parts/dialog";
import { attentionOf, hasEnded, type Rollout } from "./rollout";

interface Props {
  rollout: Rollout;
  onShowFailed: () => void;
}

/** What needs somebody, the first thing below the title. */
export function AttentionBar({ rollout, onShowFailed }: Props): ReactNode {
  const found = attentionOf(rollout);
  if (!found) return null;
  const failed = rollout.counts["failed"] ?? 0;
  const intent = rollout.state === "succeeded" ? "success" : found.tone;
  return (
    <MessageBar intent={intent} layout="multiline" className="fc-message">
      <MessageBarBody>
        {found.title && <MessageBarTitle>{found.title}</MessageBarTitle>} {found.text}
      </MessageBarBody>
      {failed > 0 && !(hasEnded(rollout) && rollout.state === "succeeded") && (
        <MessageBarActions>
          <Button onClick={onShowFailed}>{`Show ${failed === 1 ? "the failed host" : hostsText(failed)}`}</Button>
        </MessageBarActions>
      )}
    </MessageBar>
  );
}
