import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { ConfirmDialog, FormDialog } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { InfoIcon, WarningIcon } from "../../../parts/icons";
import { useTell } from "../../../parts/toasts";
import { MOST_HOURS, whyNoLift, type Caps } from "./caps";

interface Props {
  caps: Caps;
  onClose: () => void;
}

/** Lifts the caps for some hours, with a reason that is recorded. */
export function LiftDialog({ caps: { account }, onClose }: Props): ReactNode {
  const [hours, setHours] = useState("2");
  const [reason, setReason] = useState("");
  const write = useWrite("post", "/api/access/caps/{account}/override");
  const tell = useTell();

  async function send(): Promise<void> {
    const body = { hours: Number(hours), reason: reason.trim() };
    if (!(await write.send({ params: { path: { account } }, body }))) return;
    tell(`Caps of ${account} are lifted`, "What begins meanwhile counts all the same.");
    onClose();
  }
  return (
    <FormDialog
      title={`Lift the caps of ${account}?`}
      verb="Lift the caps"
      whyNot={whyNoLift(hours, reason)}
      busy={write.busy}
      problem={write.problem}
      fields={["hours", "reason"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <div className="fc-stack">
        <p>What waits for the hour goes on at once: more hosts and more people at the same time than the caps allow.</p>
        <Field label={`Hours, at most ${MOST_HOURS}`} {...said(write.fieldError("hours"))}>
          <Input inputMode="numeric" value={hours} onChange={(_, { value }) => setHours(value.trim())} />
        </Field>
        <Field label="Reason" required hint="It is recorded with your name." {...said(write.fieldError("reason"))}>
          <Input value={reason} maxLength={500} onChange={(_, { value }) => setReason(value)} />
        </Field>
      </div>
    </FormDialog>
  );
}

/** Lets the caps hold before the hours are over. */
export function EndLiftDialog({ caps: { account }, onClose }: Props): ReactNode {
  const [reason, setReason] = useState("");
  const write = useWrite("post", "/api/access/caps/{account}/override");
  const tell = useTell();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account } }, body: { hours: 0, reason: reason.trim() } }))) return;
    tell(`Caps of ${account} hold again`, "Hosts in work are finished.");
    onClose();
  }
  return (
    <FormDialog
      title={`Let the caps of ${account} hold again?`}
      verb="Let the caps hold"
      whyNot={reason.trim() ? null : "Give the reason: it is recorded."}
      busy={write.busy}
      problem={write.problem}
      fields={["reason"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <Field label="Reason" required hint="It is recorded with your name." {...said(write.fieldError("reason"))}>
        <Input value={reason} maxLength={500} onChange={(_, { value }) => setReason(value)} />
      </Field>
    </FormDialog>
  );
}

export function RemoveDialog({ caps: { account }, onClose }: Props): ReactNode {
  const write = useWrite("delete", "/api/access/caps/{account}");
  const tell = useTell();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account } } }))) return;
    tell("The caps are removed", `Nothing of ${account} is held up by the hour.`);
    onClose();
  }
  return (
    <ConfirmDialog
      title={`Remove the caps of ${account}?`}
      harm="gone"
      name={account}
      verb="Remove the caps"
      effects={[
        { icon: WarningIcon, text: "What waits for the hour goes on at once, with no cap for later.", bad: true },
        { icon: InfoIcon, text: "To go on once, lift the caps for some hours instead." },
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
