/** Sentences about a plan. Pure. */

import { momentText } from "../../parts/time";
import { listed } from "../../parts/words";
import { hostsText } from "../../parts/dialog";
import { hostNames, type Form, type Plan } from "./form";

/** What the policy means for this rollout, in one line. */
export function policyText(plan: Plan): string {
  const { policy, bounds, at_once } = plan;
  const floor = bounds.find(({ bound }) => bound === "min_available")?.reason.count;
  const canaries = policy.canary_hosts;
  return [
    canaries === 1 ? "One host first." : canaries > 1 ? `${canaries} hosts first.` : "",
    policy.canary_hold === "approve" ? "Then somebody approves." : "",
    `At most ${at_once} at once${floor ? `, at least ${floor} accept people` : ""}.`,
    policy.warn_minutes.length > 0 ? `Warned ${listed(policy.warn_minutes)} min before.` : "Nobody is warned.",
    FAILURES[policy.on_failure] +
      (policy.max_failed === null ? " when too many fail." : ` when more than ${policy.max_failed} fail.`),
  ]
    .filter(Boolean)
    .join(" ");
}

const FAILURES: Readonly<Record<Plan["policy"]["on_failure"], string>> = {
  pause: "Pauses",
  roll_back: "Rolls back",
  continue: "Goes on",
};

/** When it ends: `Ends Mon 7 Dec, 01:42. If everybody logs off before: today about 17:56.` */
export function endText(plan: Plan, zone: string, now: number): string {
  if (!plan.expected_end) return "";
  const ends = `Ends about ${momentText(Date.parse(plan.expected_end), zone, now)}.`;
  const first = plan.expected_end_bounds?.[0];
  const earlier = first && first !== plan.expected_end && plan.schedule.mode === "on_logoff";
  return earlier ? `${ends} If everybody logs off before: about ${momentText(Date.parse(first), zone, now)}.` : ends;
}

/** What the further options choose: `Only 2 hosts.` */
export function chosenText(form: Pick<Form, "only" | "exclude" | "allowDowngrade">): string {
  const [only, exclude] = [hostNames(form.only).length, hostNames(form.exclude).length];
  return [
    only > 0 ? `Only ${hostsText(only)}.` : "All hosts of the pool.",
    exclude > 0 ? `${hostsText(exclude)} left out.` : "",
    form.allowDowngrade ? "An older version is allowed." : "",
  ]
    .filter(Boolean)
    .join(" ");
}
