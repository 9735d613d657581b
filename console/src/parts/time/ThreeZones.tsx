import { Popover, PopoverSurface } from "@fluentui/react-components";
import { useState, type ReactNode, type RefObject } from "react";

import { CopyButton } from "../CopyButton";
import { KeyValue } from "../KeyValue";
import { cityOf, longText } from "./format";
import { useZones } from "./zones";

interface Props {
  /** Milliseconds since 1970. */
  at: number;
  button: RefObject<HTMLElement | null>;
  onClose: () => void;
}

/** A moment in the pool's zone, the viewer's and UTC, beside its button. */
export function ThreeZones({ at, button, onClose }: Props): ReactNode {
  const [target] = useState(button.current);
  const { pool, mine } = useZones();
  const iso = new Date(at).toISOString();
  const rows: [string, ReactNode][] = [];
  if (pool && pool !== mine) rows.push([`${cityOf(pool)} (pool)`, longText(at, pool)]);
  rows.push([`${cityOf(mine)} (you)`, longText(at, mine)], ["UTC", longText(at, "UTC")]);
  return (
    <Popover open onOpenChange={(_, { open }) => !open && onClose()} positioning={{ target }} withArrow>
      <PopoverSurface onPointerLeave={onClose} aria-label="This moment in other time zones">
        <KeyValue of={rows} />
        <span className="fc-mono fc-small">{iso}</span> <CopyButton text={iso} what="as ISO 8601" />
      </PopoverSurface>
    </Popover>
  );
}
