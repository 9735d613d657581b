/** ARM ids as people paste them. Pure. */

/** The id in what was pasted: an id, or the address of its page in Azure's portal. Else the text without spaces around. */
export function readArmId(text: string): string {
  const typed = text.trim();
  const found = /\/resource(\/subscriptions\/.+)$/i.exec(typed);
  if (!/^https?:/i.test(typed) || !found?.[1]) return typed;
  const parts = found[1].split(/[?#]/)[0]?.split("/") ?? [];
  // After the provider come pairs of type and name; a view of the portal (`/overview`) makes it an odd one.
  return (parts.length % 2 === 0 ? parts.slice(0, -1) : parts).join("/");
}

/** A name to begin with, from the last part of an id: `…/hostPools/HP office` -> `hp-office`. */
export function nameFrom(armId: string): string {
  const last = armId.startsWith("/") ? (armId.split("/").at(-1) ?? "") : "";
  return last.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-");
}
