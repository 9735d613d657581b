import { Checkbox } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { Model } from "../../../api";

interface Props {
  pools: readonly Model<"PoolView">[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

/** Which pools of the image are updated. */
export function PoolChoice({ pools, chosen, onChange }: Props): ReactNode {
  if (pools.length === 0) return <p className="fc-muted">No pool uses this image.</p>;
  return (
    <fieldset className="fc-plain">
      <legend className="fc-sr">Pools</legend>
      {pools.map(({ name, ring }) => (
        <Checkbox
          key={name}
          label={`${name} (${ring})`}
          checked={chosen.includes(name)}
          onChange={(_, { checked }) =>
            onChange(checked === true ? [...chosen, name] : chosen.filter((each) => each !== name))
          }
        />
      ))}
    </fieldset>
  );
}
