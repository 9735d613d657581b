import { Checkbox, Field, Input, Radio, RadioGroup } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { PACES, request, serverNow, useLive, usePlanned, useWrite, type PlannedOf } from "../../../api";
import { fieldError } from "../../../api/write";
import { FormDialog, harmOf } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { dateField, firstSchedule, ScheduleFields } from "../../../parts/schedule";
import { myZone } from "../../../parts/time";
import { useTell } from "../../../parts/toasts";
import type { Image } from "../images";
import styles from "../images.module.css";
import {
  effectsOf,
  requestOf,
  whatIsMissing,
  type ActivateRequest,
  type ActivationForm,
  type Plan,
  type Pools,
  type Way,
} from "./activation";
import { PoolChoice } from "./PoolChoice";

/** With pools to update. */
const SHOWN = ["reason", "update_pools", "soak_minutes", "schedule.time_zone"];

interface Props {
  image: Image;
  way: Way;
  onClose: () => void;
}

/** Makes the staged version the current one, or goes back to a backup; and updates pools, if somebody wants that. */
export function ActivateDialog({ image, way, onClose }: Props): ReactNode {
  const [form, setForm] = useState<ActivationForm>(() => ({
    ...firstSchedule(myZone(), serverNow()),
    backup: true,
    pools: "none",
    chosen: [],
    soak: way === "activate" ? "60" : "0",
    force: false,
    reason: "",
  }));
  const [typed, setTyped] = useState("");
  const [, navigate] = useLocation();
  const tell = useTell();
  const activate = useWrite("post", "/api/images/{image}/activate");
  const rollBack = useWrite("post", "/api/images/{image}/roll-back");
  const write = way === "activate" ? activate : rollBack;
  const missing = whatIsMissing(form);
  const asked = missing ? null : requestOf(form, way, image);
  const planned = useActivationPlan(image, way, asked);
  const plan = planned.current ? planned.plan : null;
  const problem = write.problem ?? planned.problem;
  const error = (field: string): string | undefined => fieldError(problem, field);
  const careful = plan !== null && isHarmful(plan);
  const version = way === "activate" ? image.staged : image.roll_back_to;
  const send = async (): Promise<void> => {
    if (!asked || !plan) return;
    const body = { ...asked, plan: plan.id, sign_outs: plan.users_at_force };
    const task = await write.send({ params: { path: { image: image.name } }, body });
    if (!task || !("href" in task)) return;
    tell(way === "activate" ? "The activation has begun" : "The roll-back has begun", `${image.name} ${version}`);
    navigate(`/tasks/${task.id}`);
    onClose();
  };
  const change = (part: Partial<ActivationForm>): void => setForm((before) => ({ ...before, ...part }));
  return (
    <FormDialog
      wide
      title={way === "activate" ? `Activate ${image.name} ${version}` : `Roll ${image.name} back to ${version}`}
      verb={verbOf(way, version, plan)}
      whyNot={
        missing ?? whyNotNow(planned) ?? (careful && typed.trim() !== image.name ? `Type ${image.name} first.` : null)
      }
      busy={write.busy}
      problem={problem}
      fields={form.pools === "none" ? ["reason"] : [...SHOWN, dateField(form.mode)]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <div className="fc-stack">
        <FailedTest image={image} way={way} form={form} onChange={change} />
        {way === "activate" && (
          <Checkbox
            label="Save current image version as a backup"
            checked={form.backup}
            onChange={(_, { checked }) => change({ backup: checked === true })}
          />
        )}
        <PoolsFields image={image} form={form} plan={plan} fieldError={error} onChange={change} />
        <Field label="Reason" hint="Shown in tasks and in the audit." {...said(error("reason"))}>
          <Input value={form.reason} maxLength={1_000} onChange={(_, { value }) => change({ reason: value })} />
        </Field>
        <What planned={planned} />
        {careful && (
          <Field label={`People are signed out soon. Type ${image.name} to confirm`}>
            <Input value={typed} autoComplete="off" spellCheck={false} onChange={(_, { value }) => setTyped(value)} />
          </Field>
        )}
      </div>
    </FormDialog>
  );
}

function useActivationPlan(image: Image, way: Way, asked: ActivateRequest | null): PlannedOf<Plan> {
  return usePlanned([way, image.name], asked, async (body: ActivateRequest, signal) => {
    const params = { path: { image: image.name }, query: { what_if: true } };
    const path = way === "activate" ? "/api/images/{image}/activate" : "/api/images/{image}/roll-back";
    const { data } = await request("post", path, { params, body, signal });
    return data as Plan | null;
  });
}

/** Whether people are signed out now, or sooner than the usual longest warning. */
function isHarmful({ schedule, users_at_force: people }: Plan): boolean {
  if (!schedule) return false;
  const forceAt = Date.parse(schedule.force_at);
  return harmOf({ peopleNow: people, peopleAtForce: people, forceAt, now: serverNow(), warnMinutes: [60] }) === "now";
}

function verbOf(way: Way, version: string | null, plan: Plan | null): string {
  const verb = way === "activate" ? `Activate ${version}` : `Roll back to ${version}`;
  if (!plan || plan.to_update === 0) return verb;
  return isHarmful(plan)
    ? `Sign out ${plan.users_at_force} people and ${verb.toLowerCase()}`
    : `${verb} and update pools`;
}

function whyNotNow({ plan, current, problem }: PlannedOf<Plan>): string | null {
  if (problem) return "This cannot be planned: see what is wrong above.";
  if (!plan || !current) return "The plan is being asked for.";
  return plan.can_start ? null : "A check stops this: see below.";
}

interface PartProps {
  image: Image;
  form: ActivationForm;
  onChange: (part: Partial<ActivationForm>) => void;
}

/** A version whose test failed needs an own tick. */
function FailedTest({ image, way, form, onChange }: PartProps & { way: Way }): ReactNode {
  if (way !== "activate" || image.verdict?.result !== "failed") return null;
  return (
    <div>
      <p className="fc-strong">{`${image.staged} has failed its test${image.verdict.note ? `: ${image.verdict.note}` : "."}`}</p>
      <Checkbox
        label="Activate although its test failed"
        checked={form.force}
        onChange={(_, { checked }) => onChange({ force: checked === true })}
      />
    </div>
  );
}

interface PoolsProps extends PartProps {
  plan: Plan | null;
  fieldError: (field: string) => string | undefined;
}

function PoolsFields({ image, form, plan, fieldError: error, onChange }: PoolsProps): ReactNode {
  const pools = useLive("/api/pools", { query: { image: image.name, limit: 200, live: false } }, PACES.lists);
  return (
    <>
      <Field label="Update pools" {...said(error("update_pools"))}>
        <RadioGroup
          layout="horizontal"
          value={form.pools}
          onChange={(_, { value }) => onChange({ pools: value as Pools })}
        >
          <Radio value="none" label="None" />
          <Radio value="all" label="All of the image" />
          <Radio value="chosen" label="Choose" />
        </RadioGroup>
      </Field>
      {form.pools === "chosen" && (
        <PoolChoice pools={pools.data?.items ?? []} chosen={form.chosen} onChange={(chosen) => onChange({ chosen })} />
      )}
      {form.pools !== "none" && (
        <>
          <h3 id="when">Schedule</h3>
          <ScheduleFields
            form={form}
            poolZone={form.zone}
            labelledBy="when"
            forceAt={plan?.schedule?.force_at ?? null}
            people={null}
            dateError={error(dateField(form.mode))}
            zoneError={error("schedule.time_zone")}
            onChange={onChange}
          />
          <Field
            label="Minutes between two rings"
            hint="Test, pilot, production: the next begins when the one before is done."
            {...said(error("soak_minutes"))}
          >
            <Input inputMode="numeric" value={form.soak} onChange={(_, { value }) => onChange({ soak: value })} />
          </Field>
        </>
      )}
    </>
  );
}

function What({ planned: { plan, current } }: { planned: PlannedOf<Plan> }): ReactNode {
  return (
    <div className={current ? styles.plan : `${styles.plan} ${styles.stale}`} aria-busy={!current}>
      <h3>What will happen</h3>
      {plan ? (
        <ul>
          {effectsOf(plan).map((text) => (
            <li key={text}>{text}</li>
          ))}
          {plan.preflight
            .filter(({ result }) => result !== "pass")
            .map((finding) => (
              <li key={finding.check} className="fc-strong">
                {finding.detail} {finding.what_to_do}
              </li>
            ))}
        </ul>
      ) : (
        <p className="fc-muted">Asking for the plan.</p>
      )}
    </div>
  );
}
