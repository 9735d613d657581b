/** Moments in words, in any zone. Pure: UTC goes to local time by `Intl`, never the other way round. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The zone of this browser. */
export function myZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The zone if the browser knows it, else UTC. */
export function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

/** `Europe/Amsterdam` -> `Amsterdam`. */
export function cityOf(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = JSON.stringify([zone, options]);
  const found = formats.get(name) ?? new Intl.DateTimeFormat("en-GB", { timeZone: knownZone(zone), ...options });
  formats.set(name, found);
  return found;
}

const TIME: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const DATE: Intl.DateTimeFormatOptions = { weekday: "short", day: "numeric", month: "short" };

/** `01:00`. */
export function timeText(at: number, zone: string): string {
  return format(zone, TIME).format(at);
}

/** `Mon 7 Dec`, with the year where it is another one. */
export function dateText(at: number, zone: string, now: number): string {
  const year = format(zone, { year: "numeric" });
  const other = year.format(at) !== year.format(now);
  return format(zone, other ? { ...DATE, year: "numeric" } : DATE)
    .format(at)
    .replaceAll(",", "");
}

/** `23:41` today, else `Mon 7 Dec, 01:00`. */
export function momentText(at: number, zone: string, now: number): string {
  const time = timeText(at, zone);
  return dayOf(at, zone) === dayOf(now, zone) ? time : `${dateText(at, zone, now)}, ${time}`;
}

/** `Monday 7 December 2026 at 01:00`. */
export function longText(at: number, zone: string): string {
  const date = format(zone, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return `${date.format(at).replaceAll(",", "")} at ${timeText(at, zone)}`;
}

/** `2026-12-07` in this zone. */
export function dayOf(at: number, zone: string): string {
  const parts = format(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(at);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** A length: `45 s`, `4 min`, `2 h 31 min`, `7 days 1 h`. */
export function durationText(milliseconds: number): string {
  const whole = Math.max(0, milliseconds);
  if (whole < 90_000) return `${Math.floor(whole / 1000)} s`;
  const minutes = Math.floor(whole / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(whole / DAY);
  const rest = Math.floor((whole % DAY) / HOUR);
  return `${days} ${days === 1 ? "day" : "days"}${rest ? ` ${rest} h` : ""}`;
}

/** `in 1 day 4 h` on one line: it is not torn where a column ends. */
export function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}

/** `in 19 min`, `4 min ago`. */
export function relativeText(at: number, now: number): string {
  if (Math.abs(at - now) < 1_000) return "now";
  return at > now ? `in ${durationText(at - now)}` : `${durationText(now - at)} ago`;
}

/** A moment in a sentence: relative within a day, else with its date. */
export function nearText(at: number, zone: string, now: number): string {
  return Math.abs(at - now) < DAY ? relativeText(at, now) : momentText(at, zone, now);
}

/** Minutes that the zone is ahead of UTC at this moment. */
export function offsetOf(zone: string, at: number): number {
  const parts = format(zone, { timeZoneName: "longOffset" }).formatToParts(at);
  const text = parts.find((one) => one.type === "timeZoneName")?.value ?? "";
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(text) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
}

/** `You are 6 hours behind.`, or nothing where both zones have the same time. */
export function differenceText(zone: string, mine: string, at: number): string {
  const minutes = offsetOf(zone, at) - offsetOf(mine, at);
  if (minutes === 0) return "";
  const hours = Math.abs(minutes) / 60;
  return `You are ${hours} ${hours === 1 ? "hour" : "hours"} ${minutes > 0 ? "behind" : "ahead"}.`;
}

/** The date of the next Monday in a zone, as `2026-12-07`. A Monday itself is not the next one. */
export function nextMonday(zone: string, now: number): string {
  return daysLater(zone, now, (8 - noonOf(zone, now).getUTCDay()) % 7 || 7);
}

/** The date so many days after today in a zone. */
export function daysLater(zone: string, now: number, days: number): string {
  return new Date(noonOf(zone, now).getTime() + days * DAY).toISOString().slice(0, 10);
}

/** Today's date in a zone, at noon of UTC: days are counted as calendar dates, and no local time is turned into UTC. */
function noonOf(zone: string, now: number): Date {
  return new Date(`${dayOf(now, zone)}T12:00:00Z`);
}
