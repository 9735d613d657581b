import { Link } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { useWrite, type Model } from "../../api";
import { ConfirmDialog, hostsText, type Effect } from "../../parts/dialog";
import { TakeBackIcon } from "../../parts/icons";
import { effectsOfPlan, harmOfPlan, withPeople, type Plan } from "../../parts/plan/consequences";
import { useTell } from "../../parts/toasts";
import type { UpdateRequest } from "./form";

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
  const harm = harmOfPlan(plan);

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
      title={`${withPeople(plan, harm, `Publish ${plan.version} to ${plan.pool}`)}?`}
      harm={harm}
      effects={[...effectsOfPlan(plan), wayBack(plan)]}
      verb={withPeople(
        plan,
        harm,
        harm === "now" ? "Publish" : `Publish ${plan.version} to ${hostsText(plan.to_update)}`,
      )}
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

function wayBack(plan: Plan): Effect {
  const before = plan.from_version ?? "the version before";
  const text = `Back to ${before}: take it back on the rollout’s page while the old disks are kept.`;
  return { icon: TakeBackIcon, text };
}
