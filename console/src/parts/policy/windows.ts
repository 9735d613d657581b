/** Maintenance windows in words. Pure. */

import type { Model } from "../../api";

export type Window = Model<"Window">;

export const DAYS: readonly (readonly [Window["days"][number], string])[] = [
  ["mon", "Mon"],
  ["tue", "Tue"],
  ["wed", "Wed"],
  ["thu", "Thu"],
  ["fri", "Fri"],
  ["sat", "Sat"],
  ["sun", "Sun"],
];

export const NEW_WINDOW: Window = { days: DAYS.map(([day]) => day), from: "22:00", to: "05:00" };

/** `Mon, Tue 22:00 to 05:00`. */
export function windowText({ days, from, to }: Window): string {
  const names = DAYS.filter(([day]) => days.includes(day)).map(([, name]) => name);
  return `${names.length === 7 ? "Every day" : names.join(", ")} ${from} to ${to}`;
}
