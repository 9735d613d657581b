import { Link } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { serverNow, useWrite, type Model } from "../../api";
import { ConfirmDialog, harmOf, hostsText, peopleText, type Effect, type Harm } from "../../parts/dialog";
import { PoolsIcon, SignOutIcon, TakeBackIcon } from "../../parts/icons";
import { longText } from "../../parts/time";
import { useTell } from "../../parts/toasts";
import type { Plan, UpdateRequest } from "./form";

interface Props {
  pool: Model<"PoolView">;
  asked: UpdateRequest;
  /** The plan that was on the screen when the button was pressed. */
  plan: Plan;
  /** The app would do something else now. */
  onPlanChanged: (plan: Plan) => void;
  /** Back to the form, with the gentle way chosen. */
  onGentler: () => void;
  onClose: () => void;
}

/** Asks by the size of the harm, and sends what was agreed on: the plan's id and the most people who may be signed out. */
export function ConfirmUpdate({ pool, asked, plan: first, onPlanChanged, onGentler, onClose }: Props): ReactNode {
  const [plan, setPlan] = useState(first);
  const [, navigate] = useLocation();
  const tell = useTell();
  const write = useWrite("post", "/api/pools/{pool}/update-image");
  const harm = harmOf({
    peopleNow: plan.users_now,
    peopleAtForce: plan.users_at_force,
    forceAt: Date.parse(plan.schedule.force_at),
    now: serverNow(),
    warnMinutes: plan.policy.warn_minutes,
  });

  async function send(): Promise<void> {
    const body = { ...asked, plan: plan.id, sign_outs: plan.users_at_force };
    const rollout = await write.send({ params: { path: { pool: pool.name } }, body });
    if (!rollout || !("state" in rollout)) return;
    tell("The rollout has begun", `${pool.name} gets ${plan.version}.`);
    navigate(`/rollouts/${rollout.id}`);
  }

  const changed = write.problem?.kind === "plan-changed" ? (write.problem.problem.plan as Plan | null) : null;
  if (changed && changed.id + changed.users_at_force !== plan.id + plan.users_at_force) {
    setPlan(changed);
    onPlanChanged(changed);
  }
  return (
    <ConfirmDialog
      title={titleOf(plan, harm)}
      harm={harm}
      effects={effectsOf(plan)}
      verb={verbOf(plan, harm)}
      name={pool.name}
      gentler={harm === "now" && <Gentler onChoose={onGentler} />}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}

function Gentler({ onChoose }: { onChoose: () => void }): ReactNode {
  return (
    <>
      Or go back and choose{" "}
      <Link as="button" type="button" inline onClick={onChoose}>
        On log off
      </Link>
      : then nobody is signed out before a deadline you set.
    </>
  );
}

export function titleOf(plan: Plan, harm: Harm): string {
  const publish = `ublish ${plan.version} to ${plan.pool}?`;
  return harm === "now" ? `Sign out ${peopleText(plan.users_at_force)} and p${publish}` : `P${publish}`;
}

export function verbOf(plan: Plan, harm: Harm): string {
  if (harm === "now") return `Sign out ${peopleText(plan.users_at_force)} and publish`;
  return `Publish ${plan.version} to ${hostsText(plan.to_update)}`;
}

function effectsOf(plan: Plan): Effect[] {
  const people = peopleEffect(plan);
  return [
    ...(people ? [people] : []),
    {
      icon: PoolsIcon,
      text: `${hostsText(plan.to_update)} ${plan.to_update === 1 ? "is" : "are"} re-imaged, at most ${plan.at_once} at once.`,
    },
    {
      icon: TakeBackIcon,
      text: `Back to ${plan.from_version ?? "the version before"}: take it back on the rollout’s page while the old disks are kept.`,
    },
  ];
}

function peopleEffect({ schedule, policy, users_at_force: people }: Plan): Effect | null {
  if (people === 0) return null;
  const who = peopleText(people);
  if (schedule.mode === "now") {
    const text = (
      <>
        <b>
          {who} {people === 1 ? "is" : "are"} signed out now.
        </b>{" "}
        They are not warned, and unsaved work is lost.
      </>
    );
    return { icon: SignOutIcon, bad: true, text };
  }
  const warned = policy.warn_minutes[0] ? `They are warned ${policy.warn_minutes[0]} min before.` : "Nobody is warned.";
  const text = (
    <>
      <b>At most {who}</b> {people === 1 ? "is" : "are"} signed out on{" "}
      {longText(Date.parse(schedule.force_at), schedule.time_zone)} ({schedule.time_zone}). {warned}
    </>
  );
  return { icon: SignOutIcon, text };
}
