import { useEffect, useRef, useState, type ReactNode } from "react";

import { rolloutStateText } from "../../parts/states";
import { workText, type Rollout } from "./rollout";

/** Milliseconds between two sentences about progress. */
const PAUSE = 30_000;

/** Tells screen readers how it goes: at each change of its state, and of progress at most every 30 seconds. */
export function Announcer({ rollout }: { rollout: Rollout }): ReactNode {
  const [said, setSaid] = useState("");
  const last = useRef({ at: 0, state: rollout.state });
  const sentence = `${rolloutStateText(rollout.state)}, ${rollout.percent} percent. ${workText(rollout)}.`;
  useEffect(() => {
    const now = Date.now();
    if (last.current.state === rollout.state && now - last.current.at < PAUSE) return;
    last.current = { at: now, state: rollout.state };
    setSaid(sentence);
  }, [sentence, rollout.state]);
  return (
    <p className="fc-sr" role="status">
      {said}
    </p>
  );
}
