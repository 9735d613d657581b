import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { ConfirmDialog, hostsText, peopleText, type Effect, type Harm } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { InfoIcon, PersonIcon, TakeBackIcon } from "../../../parts/icons";
import { useTell } from "../../../parts/toasts";
import type { Rollout } from "../rollout";
import { firstAgreed, moreThanAgreed, useAgreed } from "./agreed";
import { signedOut } from "./effects";
import { offersOf } from "./offers";

/** Commands that are confirmed before they are given. */
export type Asked = "approve" | "retry" | "cancel" | "roll_back";

interface Props {
  asked: Asked;
  rollout: Rollout;
  onClose: () => void;
}

interface Words {
  title: string;
  verb: string;
  done: string;
  harm: Harm;
}

function wordsOf(asked: Asked, rollout: Rollout): Words {
  const { pool, version, counts } = rollout;
  const failed = hostsText(counts["failed"] ?? 0);
  const before = rollout.from_version ?? "the version before";
  switch (asked) {
    case "approve":
      return {
        title: `Approve ${version} on ${pool}?`,
        verb: `Approve ${version}`,
        done: "Approved",
        harm: "reversible",
      };
    case "retry":
      return { title: `Try ${failed} again?`, verb: `Retry ${failed}`, done: "Tried again", harm: "reversible" };
    case "cancel":
      return {
        title: `Stop the rollout to ${version} here?`,
        verb: "Stop the rollout",
        done: "Stopping",
        harm: "reversible",
      };
    case "roll_back":
      return {
        title: `Take ${pool} back to ${before}?`,
        verb: `Take ${pool} back to ${before}`,
        done: "Going back",
        harm: hasPeopleToLose(rollout) ? "now" : "reversible",
      };
  }
}

/** Whether hosts that people may work on again are rebuilt: those that are done. */
function hasPeopleToLose({ counts }: Rollout): boolean {
  return (counts["done"] ?? 0) > 0;
}

/** Says what a command does now, as the app has worked it out, and asks. */
export function CommandDialog({ asked, rollout, onClose }: Props): ReactNode {
  const approve = useWrite("post", "/api/rollouts/{rollout}/approve");
  const retry = useWrite("post", "/api/rollouts/{rollout}/retry");
  const cancel = useWrite("post", "/api/rollouts/{rollout}/cancel");
  const [reason, setReason] = useState("");
  const tell = useTell();
  const { commands, whyNot } = offersOf(rollout);
  const words = wordsOf(asked, rollout);
  const writing = { approve, retry, cancel, roll_back: cancel }[asked];
  const people = useAgreed(retry.problem, 0);
  const send = async (): Promise<void> => {
    const params = { path: { rollout: rollout.id } };
    const why = reason.trim() ? { reason: reason.trim() } : {};
    const how = asked === "roll_back" ? ("roll_back" as const) : ("leave" as const);
    const answer =
      asked === "approve"
        ? await approve.send({ params, body: why })
        : asked === "retry"
          ? await retry.send({ params, body: firstAgreed(rollout) === null ? why : { ...why, sign_outs: people } })
          : await cancel.send({ params, body: { how, ...why } });
    if (!answer) return;
    tell(words.done, commands[asked].effect?.text);
    onClose();
  };
  return (
    <ConfirmDialog
      title={words.title}
      harm={people > 0 ? "now" : words.harm}
      effects={[...effectsOf(asked, rollout), ...signedOut(people)]}
      verb={words.verb}
      name={rollout.pool}
      gentler={asked === "roll_back" ? "Stop here leaves finished hosts as they are." : undefined}
      whyNot={whyNot(asked)}
      busy={writing.busy}
      problem={moreThanAgreed(writing.problem) === null ? writing.problem : null}
      fields={["reason"]}
      onConfirm={() => void send()}
      onClose={onClose}
    >
      <Field
        label="Reason (optional)"
        hint="Shown in the events and in the audit."
        {...said(writing.fieldError("reason"))}
      >
        <Input value={reason} maxLength={500} onChange={(_, { value }) => setReason(value)} />
      </Field>
    </ConfirmDialog>
  );
}

function effectsOf(asked: Asked, rollout: Rollout): Effect[] {
  const effect = offersOf(rollout).commands[asked].effect;
  const found: Effect[] = [];
  if (effect) found.push({ icon: asked === "roll_back" ? TakeBackIcon : InfoIcon, text: effect.text });
  if (asked === "roll_back" && hasPeopleToLose(rollout)) {
    const text = "People who work on hosts that were updated already are signed out as the policy says.";
    found.push({ icon: PersonIcon, text, bad: true });
  }
  if (asked === "cancel" && rollout.sessions_open > 0) {
    const stay = rollout.sessions_open === 1 ? "stays" : "stay";
    found.push({ icon: PersonIcon, text: `${peopleText(rollout.sessions_open)} ${stay} where they are.` });
  }
  return found;
}
