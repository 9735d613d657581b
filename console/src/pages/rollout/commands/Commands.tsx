import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { useWrite } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { ActionButton } from "../../../parts/ActionButton";
import { ActionsMenu } from "../../../parts/ActionsMenu";
import { hostsText } from "../../../parts/dialog";
import { PausedIcon, PromotionsIcon, RetryIcon } from "../../../parts/icons";
import { ProblemBar } from "../../../parts/ProblemBar";
import { useTell } from "../../../parts/toasts";
import { hasEnded, type Rollout } from "../rollout";
import { CommandDialog, type Asked } from "./CommandDialog";
import { MoveDialog } from "./MoveDialog";
import { offersOf } from "./offers";

/** The commands that this state takes, each with the reason where the person cannot give it. */
export function Commands({ rollout }: { rollout: Rollout }): ReactNode {
  const [asked, setAsked] = useState<Asked | "move" | null>(null);
  const close = (): void => setAsked(null);
  return (
    <>
      {hasEnded(rollout) ? (
        <AfterEnd rollout={rollout} onAsk={setAsked} />
      ) : (
        <WhileOpen rollout={rollout} onAsk={setAsked} />
      )}
      {asked === "move" && <MoveDialog rollout={rollout} onClose={close} />}
      {asked !== null && asked !== "move" && <CommandDialog asked={asked} rollout={rollout} onClose={close} />}
    </>
  );
}

interface Props {
  rollout: Rollout;
  onAsk: (asked: Asked | "move") => void;
}

function WhileOpen({ rollout, onAsk }: Props): ReactNode {
  const { commands, whyNot } = offersOf(rollout);
  const failed = rollout.counts["failed"] ?? 0;
  const waits = rollout.state === "awaiting_approval";
  return (
    <>
      {waits && (
        <ActionButton appearance="primary" whyNot={whyNot("approve")} onClick={() => onAsk("approve")}>
          Approve
        </ActionButton>
      )}
      {failed > 0 && commands.retry.effect && (
        <ActionButton icon={<RetryIcon />} whyNot={whyNot("retry")} onClick={() => onAsk("retry")}>
          {`Retry ${hostsText(failed)}`}
        </ActionButton>
      )}
      <PauseOrResume rollout={rollout} />
      {rollout.schedule && rollout.schedule.mode !== "now" && (
        <ActionButton icon={<PromotionsIcon />} whyNot={whyNot("reschedule")} onClick={() => onAsk("move")}>
          {rollout.schedule.mode === "at" ? "Move start" : "Move deadline"}
        </ActionButton>
      )}
      <ActionsMenu
        of={rollout.pool}
        text="Stop or take back"
        actions={[
          { text: "Stop here", whyNot: whyNot("cancel"), onClick: () => onAsk("cancel") },
          {
            text: rollout.from_version ? `Take everything back to ${rollout.from_version}` : "Take everything back",
            whyNot: whyNot("roll_back"),
            onClick: () => onAsk("roll_back"),
          },
        ]}
      />
    </>
  );
}

/** Pausing and resuming do no harm: they are done at once, and a toast says what happens now. */
function PauseOrResume({ rollout }: { rollout: Rollout }): ReactNode {
  const { commands, whyNot } = offersOf(rollout);
  const pause = useWrite("post", "/api/rollouts/{rollout}/pause");
  const resume = useWrite("post", "/api/rollouts/{rollout}/resume");
  const tell = useTell();
  const paused = rollout.state === "paused";
  const [writing, name] = paused ? [resume, "resume" as const] : [pause, "pause" as const];
  const send = async (): Promise<void> => {
    const answer = await writing.send({ params: { path: { rollout: rollout.id } } });
    if (answer) tell(paused ? "Resumed" : "Paused", commands[name].effect?.text);
  };
  return (
    <>
      <ActionButton
        icon={paused ? undefined : <PausedIcon />}
        appearance={paused ? "primary" : undefined}
        whyNot={whyNot(name)}
        busy={writing.busy}
        onClick={() => void send()}
      >
        {paused ? "Resume" : "Pause"}
      </ActionButton>
      {writing.problem && <ProblemBar problem={writing.problem} />}
    </>
  );
}

function AfterEnd({ rollout, onAsk }: Props): ReactNode {
  const { whyNot } = offersOf(rollout);
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("publish");
  const failed = rollout.counts["failed"] ?? 0;
  const again = `/pools/${rollout.pool}/update-image?version=${rollout.version}`;
  return (
    <>
      {failed > 0 && (
        <ActionButton icon={<RetryIcon />} whyNot={whyNot("retry")} onClick={() => onAsk("retry")}>
          {`Retry ${hostsText(failed)}`}
        </ActionButton>
      )}
      {rollout.kind === "update" && rollout.from_version && (
        <ActionButton whyNot={mayNot} onClick={() => navigate(`/pools/${rollout.pool}?ask=roll-back`)}>
          {`Roll ${rollout.pool} back`}
        </ActionButton>
      )}
      {rollout.kind === "update" && rollout.state !== "succeeded" && (
        <ActionButton whyNot={mayNot} onClick={() => navigate(again)}>
          Publish again
        </ActionButton>
      )}
    </>
  );
}
