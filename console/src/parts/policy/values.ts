/** What is typed into the fields of a policy. Pure. */

/** What was typed: a number, a share like `25%`, or the text as it is, so that the app says what is wrong with it. */
export function readNumber(text: string, share: boolean): string | number | undefined {
  const typed = text.trim();
  if (typed === "") return undefined;
  if (/^\d+$/.test(typed)) return Number(typed);
  return share ? typed.replace(/\s+%$/, "%") : typed;
}

/** `60, 15` -> the minutes. `0`: none at all. Empty: not set. What is no number stays as it is. */
export function readMinutes(text: string): (number | string)[] | undefined {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  if (parts.length === 0) return undefined;
  if (parts.every((part) => part === "0")) return [];
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** The minutes as they are typed. */
export function minutesText(minutes: readonly (number | string)[] | null | undefined): string {
  if (!minutes) return "";
  return minutes.length > 0 ? minutes.join(", ") : "0";
}
