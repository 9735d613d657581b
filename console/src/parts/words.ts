/** Words that several pages use. Pure. */

/** `production` -> `Production`. */
export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** `60, 15, 5 and 1`. */
export function listed(numbers: readonly number[]): string {
  const last = numbers.at(-1);
  return numbers.length > 1 ? `${numbers.slice(0, -1).join(", ")} and ${last}` : String(last);
}

/** The host's name without its domain. */
export function shortName(host: string): string {
  return host.split(".", 1)[0] ?? host;
}

/** `31 on 2.0.0, 29 on 1.0.0`, the most first. */
export function versionsText(versions: Readonly<Record<string, number>>): string {
  return Object.entries(versions)
    .sort(([, one], [, other]) => other - one)
    .map(([version, hosts]) => `${hosts} on ${version === "unknown" ? "no known version" : version}`)
    .join(", ");
}
