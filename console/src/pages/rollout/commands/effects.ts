import { peopleText, type Effect } from "../../../parts/dialog";
import { PersonIcon } from "../../../parts/icons";

/** That people are signed out at once: a line of a dialog, or none. */
export function signedOut(people: number): Effect[] {
  if (people === 0) return [];
  const are = people === 1 ? "is" : "are";
  const text = `${peopleText(people)} ${are} signed in on hosts that are updated, and ${are} signed out soon.`;
  return [{ icon: PersonIcon, text, bad: true }];
}
