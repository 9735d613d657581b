/** The server's clock. Ages and countdowns go by it, because clocks of desktops are often minutes off. */

/** A `Date` header counts whole seconds, and an answer takes a while: less than this is no difference. */
const LEAST_OFFSET = 2_000;

let offset = 0;

/** Learns the server's clock from an answer's `Date` header, which was sent between two moments of our clock. */
export function learnClock(date: string | null, sentAt: number, receivedAt: number): void {
  const said = date ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(said)) return;
  const found = said + 500 - (sentAt + receivedAt) / 2;
  offset = Math.abs(found) < LEAST_OFFSET ? 0 : found;
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return Date.now() + offset;
}
