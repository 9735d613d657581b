import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { serverNow, useWrite } from "../../api";
import { fieldError } from "../../api/write";
import { ConfirmDialog, hostsText } from "../../parts/dialog";
import { said } from "../../parts/form/Refusal";
import { effectsOfPlan, harmOfPlan, withPeople, type Plan } from "../../parts/plan/consequences";
import { usePlan, whyNoPlan, type Plannable } from "../../parts/plan/usePlan";
import {
  dateField,
  firstSchedule,
  isComplete,
  ScheduleFields,
  toSchedule,
  type ScheduleForm,
} from "../../parts/schedule";
import { daysLater } from "../../parts/time";
import { useTell } from "../../parts/toasts";
import type { Pool } from "./pool";

interface Form extends ScheduleForm {
  reason: string;
}

/** Rolls the pool back to the version before, with the plan in the same dialog. */
export function RollBackDialog({ pool, onClose }: { pool: Pool; onClose: () => void }): ReactNode {
  const [form, setForm] = useState<Form>(() => firstForm(pool.time_zone, serverNow()));
  const write = useWrite("post", "/api/pools/{pool}/roll-back");
  const [, navigate] = useLocation();
  const tell = useTell();
  const asked = isComplete(form) ? toRequest(form) : null;
  const planned = usePlan("roll-back", pool.name, asked);
  const plan = planned.current ? planned.plan : null;
  const change = (part: Partial<Form>): void => setForm((before) => ({ ...before, ...part }));
  const error = (field: string): string | undefined => fieldError(write.problem ?? planned.problem, field);
  const fields = [dateField(form.mode), "schedule.time_zone", "reason"];
  const to = pool.previous_version ?? "the version before";

  async function send(agreed: Plan): Promise<void> {
    const body = { ...asked, plan: agreed.id, sign_outs: agreed.users_at_force };
    const rollout = await write.send({ params: { path: { pool: pool.name } }, body });
    if (!rollout || !("state" in rollout)) {
      planned.again();
      return;
    }
    tell("The roll-back has begun", `${pool.name} goes back to ${rollout.version}.`);
    navigate(`/rollouts/${rollout.id}`);
  }

  const harm = plan ? harmOfPlan(plan) : "later";
  const verb = plan && harm !== "now" ? `Roll ${hostsText(plan.to_update)} back to ${to}` : "Roll back";
  return (
    <ConfirmDialog
      title={`${plan ? withPeople(plan, harm, `Roll ${pool.name} back to ${to}`) : `Roll ${pool.name} back to ${to}`}?`}
      harm={harm}
      effects={plan ? effectsOfPlan(plan) : []}
      verb={plan ? withPeople(plan, harm, verb) : verb}
      name={pool.name}
      whyNot={asked ? whyNoPlan(planned) : "Give a date and a time."}
      busy={write.busy}
      problem={write.problem ?? planned.problem}
      fields={fields}
      onConfirm={() => plan && void send(plan)}
      onClose={onClose}
    >
      <div className="fc-stack">
        <h3 id="when">When people’s sessions end</h3>
        <ScheduleFields
          form={form}
          poolZone={pool.time_zone}
          labelledBy="when"
          forceAt={plan?.schedule.force_at ?? null}
          people={pool.sessions}
          dateError={error(dateField(form.mode))}
          zoneError={error("schedule.time_zone")}
          onChange={change}
        />
        <Field label="Reason" {...said(error("reason"))}>
          <Input value={form.reason} maxLength={1_000} onChange={(_, { value }) => change({ reason: value })} />
        </Field>
      </div>
    </ConfirmDialog>
  );
}

/** On log off until tomorrow at 01:00 of the pool's zone. */
function firstForm(zone: string, now: number): Form {
  return { ...firstSchedule(zone, now), date: daysLater(zone, now, 1), reason: "" };
}

function toRequest(form: Form): Plannable["roll-back"] {
  return { schedule: toSchedule(form), reason: form.reason.trim() };
}
