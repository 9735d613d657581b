/** What a plan does to hosts and people, in words for the confirmation. */

import { serverNow, type Model } from "../../api";
import { harmOf, hostsText, peopleText, type Effect, type Harm } from "../dialog";
import { PoolsIcon, SignOutIcon } from "../icons";
import { longText } from "../time";

export type Plan = Model<"PlanView">;

/** How much harm the plan does to people. */
export function harmOfPlan(plan: Plan): Harm {
  return harmOf({
    peopleNow: plan.users_now,
    peopleAtForce: plan.users_at_force,
    forceAt: Date.parse(plan.schedule.force_at),
    now: serverNow(),
    warnMinutes: plan.policy.warn_minutes,
  });
}

/** `Sign out 71 people and publish 2.0.0 to office`, or without the people where they are not signed out soon. */
export function withPeople(plan: Plan, harm: Harm, what: string): string {
  if (harm !== "now") return what;
  return `Sign out ${peopleText(plan.users_at_force)} and ${what.charAt(0).toLowerCase()}${what.slice(1)}`;
}

/** People first, then hosts. */
export function effectsOfPlan(plan: Plan): Effect[] {
  const people = peopleEffect(plan);
  const hosts = `${hostsText(plan.to_update)} ${plan.to_update === 1 ? "is" : "are"} re-imaged, at most ${plan.at_once} at once.`;
  return [...(people ? [people] : []), { icon: PoolsIcon, text: hosts }];
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
