import { Field, Input, Radio, RadioGroup } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { serverNow, useWrite } from "../../api";
import { fieldError } from "../../api/write";
import { ConfirmDialog, hostsText } from "../../parts/dialog";
import { effectsOfPlan, harmOfPlan, withPeople, type Plan } from "../../parts/plan/consequences";
import { usePlan, whyNoPlan, type Plannable } from "../../parts/plan/usePlan";
import { ProblemBar } from "../../parts/ProblemBar";
import { cityOf, daysLater, longText } from "../../parts/time";
import { useTell } from "../../parts/toasts";
import type { Pool } from "./pool";

interface Form {
  mode: "now" | "on_logoff";
  date: string;
  time: string;
  reason: string;
}

/** Rolls the pool back to the version before, with the plan in the same dialog. */
export function RollBackDialog({ pool, onClose }: { pool: Pool; onClose: () => void }): ReactNode {
  const date = daysLater(pool.time_zone, serverNow(), 1);
  const [form, setForm] = useState<Form>({ mode: "on_logoff", date, time: "01:00", reason: "" });
  const write = useWrite("post", "/api/pools/{pool}/roll-back");
  const [, navigate] = useLocation();
  const tell = useTell();
  const asked = toRequest(form, pool.time_zone);
  const planned = usePlan("roll-back", pool.name, asked);
  const plan = planned.current ? planned.plan : null;
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
      whyNot={whyNoPlan(planned)}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => plan && void send(plan)}
      onClose={onClose}
    >
      {planned.problem && Object.keys(planned.problem.fields).length === 0 && <ProblemBar problem={planned.problem} />}
      <Schedule
        form={form}
        zone={pool.time_zone}
        plan={plan}
        error={fieldError(planned.problem, "schedule")}
        onChange={setForm}
      />
    </ConfirmDialog>
  );
}

function toRequest({ mode, date, time, reason }: Form, zone: string): Plannable["roll-back"] {
  const schedule = mode === "now" ? { mode } : { mode, deadline: `${date}T${time}`, time_zone: zone };
  return { schedule, reason: reason.trim() };
}

interface ScheduleProps {
  form: Form;
  zone: string;
  plan: Plan | null;
  error: string | undefined;
  onChange: (form: Form) => void;
}

function Schedule({ form, zone, plan, error, onChange }: ScheduleProps): ReactNode {
  return (
    <div className="fc-stack">
      <RadioGroup
        aria-label="When people’s sessions end"
        value={form.mode}
        onChange={(_, { value }) => onChange({ ...form, mode: value as Form["mode"] })}
      >
        <Radio value="on_logoff" label="On log off: hosts go back as their last user logs off, all by a deadline" />
        <Radio value="now" label="Now: everybody is signed out at once" />
      </RadioGroup>
      {form.mode === "on_logoff" && (
        <div className="fc-row">
          <Field label="Deadline, date" validationMessage={error}>
            <Input type="date" value={form.date} onChange={(_, { value }) => onChange({ ...form, date: value })} />
          </Field>
          <Field label={`Time in ${cityOf(zone)}`}>
            <Input type="time" value={form.time} onChange={(_, { value }) => onChange({ ...form, time: value })} />
          </Field>
        </div>
      )}
      {plan && form.mode === "on_logoff" && (
        <p className="fc-muted fc-small">
          {longText(Date.parse(plan.schedule.force_at), zone)} in {cityOf(zone)}.
        </p>
      )}
      <Field label="Reason">
        <Input
          value={form.reason}
          maxLength={1_000}
          onChange={(_, { value }) => onChange({ ...form, reason: value })}
        />
      </Field>
    </div>
  );
}
