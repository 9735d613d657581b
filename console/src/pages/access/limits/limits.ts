/** The limits of an account's ring. Pure. */

import type { Model } from "../../../api";
import { readNumber } from "../../../parts/policy/values";
import { windowText, type Window } from "../../../parts/policy/windows";

export type Limits = Model<"LimitsView">;
export type Ring = Limits["ring"];
type Mode = Limits["modes"][number];
type TwoPeople = Limits["two_people"];
type Request = Model<"LimitsRequest">;

export const RINGS: readonly Ring[] = ["test", "pilot", "production"];

export const MODES: readonly (readonly [Mode, string])[] = [
  ["on_logoff", "On log off"],
  ["at", "Schedule at"],
  ["now", "Schedule now"],
];

export const TWO_PEOPLE: readonly (readonly [TwoPeople, string])[] = [
  ["auto", "In production, when several people have a grant"],
  ["always", "Always"],
  ["never", "Never"],
];

/** The form: numbers are text until they are sent. */
export interface Form {
  least_min_available: string;
  most_max_unavailable: string;
  least_canary_hosts: string;
  notice_minutes: string;
  modes: Mode[];
  windows: Window[];
  two_people: TwoPeople;
}

export const EMPTY: Form = {
  least_min_available: "",
  most_max_unavailable: "",
  least_canary_hosts: "",
  notice_minutes: "",
  modes: [],
  windows: [],
  two_people: "auto",
};

export function formOf(limits: Limits): Form {
  return {
    least_min_available: String(limits.least_min_available ?? ""),
    most_max_unavailable: String(limits.most_max_unavailable ?? ""),
    least_canary_hosts: limits.least_canary_hosts ? String(limits.least_canary_hosts) : "",
    notice_minutes: limits.notice_minutes ? String(limits.notice_minutes) : "",
    modes: limits.modes,
    windows: limits.windows,
    two_people: limits.two_people,
  };
}

/** Everything is sent, since PUT replaces all of it. What is no number goes as it is: the app says what is wrong. */
export function toRequest(form: Form): Request {
  const number = (text: string): number => (readNumber(text, false) ?? 0) as number;
  return {
    least_min_available: readNumber(form.least_min_available, true) ?? null,
    most_max_unavailable: readNumber(form.most_max_unavailable, true) ?? null,
    least_canary_hosts: number(form.least_canary_hosts),
    notice_minutes: number(form.notice_minutes),
    modes: MODES.map(([mode]) => mode).filter((mode) => form.modes.includes(mode)),
    windows: form.windows,
    two_people: form.two_people,
  };
}

function share(value: number | string): string {
  return typeof value === "number" ? (value === 1 ? "1 host" : `${value} hosts`) : value;
}

/** What the limits ask for, a line for each. */
export function limitLines(limits: Limits): string[] {
  const { least_min_available: least, most_max_unavailable: most, two_people } = limits;
  const lines = [
    least === null ? "" : `At least ${share(least)} accept people`,
    most === null ? "" : `At most ${share(most)} rebuilt at once`,
    limits.least_canary_hosts ? `${share(limits.least_canary_hosts)} or more go first` : "",
    limits.modes.length > 0
      ? `Only: ${MODES.filter(([mode]) => limits.modes.includes(mode))
          .map(([, text]) => text.toLowerCase())
          .join(", ")}`
      : "",
    ...limits.windows.map((window) => `Within ${windowText(window)}`),
    limits.notice_minutes ? `${limits.notice_minutes} min or more until people are signed out` : "",
    two_people === "auto"
      ? ""
      : two_people === "always"
        ? "A second person always approves"
        : "No second person is asked",
  ];
  return lines.filter(Boolean);
}
