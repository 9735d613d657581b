/** When people's sessions end, as a form holds it and as a request says it. Pure. */

import type { Model } from "../../api";
import { cityOf, durationText, longText, nextMonday } from "../time";

export type Schedule = Model<"ScheduleRequest">;
export type Mode = Schedule["mode"];

export interface ScheduleForm {
  mode: Mode;
  /** Local date and time as they were typed, in `zone`. Modes `at` and `on_logoff`. */
  date: string;
  time: string;
  zone: string;
  /** One of two moments with this local time, with its offset, when the clocks change. */
  exact: string;
}

const USUAL_TIME = "01:00";

/** On log off until next Monday at 01:00 of this zone. */
export function firstSchedule(zone: string, now: number): ScheduleForm {
  return { mode: "on_logoff", date: nextMonday(zone, now), time: USUAL_TIME, zone, exact: "" };
}

export function isComplete({ mode, date, time }: ScheduleForm): boolean {
  return mode === "now" || Boolean(date && time);
}

/** The schedule of a request. Dates stay local, with the zone's name: the app turns them into UTC. */
export function toSchedule({ mode, date, time, zone, exact }: ScheduleForm): Schedule {
  const moment = exact || `${date}T${time}`;
  if (mode === "now") return { mode };
  return { mode, time_zone: zone, ...(mode === "at" ? { at: moment } : { deadline: moment }) };
}

/** The field of the request that holds the date. */
export function dateField(mode: Mode): string {
  return mode === "at" ? "schedule.at" : "schedule.deadline";
}

const WITH_OFFSET = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?[+-]\d\d:\d\d/g;

/** The two moments that a refusal offers when the clocks change. Empty for other refusals. */
export function candidatesOf(message: string | undefined): string[] {
  const found = message?.match(WITH_OFFSET) ?? [];
  return found.length === 2 ? [...found] : [];
}

/** The deadline read back: in the zone, for the viewer where that differs, and in UTC. */
export function readBack(at: number, zone: string, mine: string, now: number): { main: string; others: string } {
  const main = longText(at, zone);
  const you = longText(at, mine);
  const utc = longText(at, "UTC");
  const others = [
    you === main || mine === "UTC" ? "" : `For you in ${cityOf(mine)}: ${you}.`,
    utc === main ? "" : `UTC: ${utc}.`,
  ];
  return { main, others: at > now ? others.filter(Boolean).join(" ") : "" };
}

/** `in 7 days 1 h`. */
export function untilText(at: number, now: number): string {
  return at > now ? `in ${durationText(at - now)}` : "now";
}
