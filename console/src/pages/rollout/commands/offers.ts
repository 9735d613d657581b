import type { Model } from "../../../api";
import type { Command, Rollout } from "../rollout";

const NO: Model<"CommandOffer"> = { can: false, why: null, effect: null };
const NOTHING: Model<"RolloutCommands"> = {
  pause: NO,
  resume: NO,
  cancel: NO,
  roll_back: NO,
  reschedule: NO,
  approve: NO,
  retry: NO,
  change: NO,
};

export interface Offers {
  commands: Model<"RolloutCommands">;
  /** Why the person cannot give a command now; null: they can. */
  whyNot: (command: Command) => string | null;
}

/** The commands as the app offers them: it alone decides which are possible. Pure. */
export function offersOf(rollout: Rollout): Offers {
  const commands = rollout.commands ?? NOTHING;
  const whyNot = (command: Command): string | null => {
    const { can, why } = commands[command];
    return can ? null : (why?.text ?? "Not possible now.");
  };
  return { commands, whyNot };
}
