import { Tooltip } from "@fluentui/react-components";
import { useState, type ReactNode, type RefObject } from "react";

interface Props {
  button: RefObject<HTMLElement | null>;
  text: string;
  /** The pointer is on the text: it stays. */
  onKeep: () => void;
  onHide: () => void;
}

/** Why a button cannot be pressed, above it. Esc hides it. */
export function Reason({ button, text, onKeep, onHide }: Props): ReactNode {
  const [target] = useState(button.current);
  return (
    <Tooltip
      content={{ children: text, onPointerEnter: onKeep, onPointerLeave: onHide }}
      relationship="inaccessible"
      positioning={{ target }}
      visible
      onVisibleChange={(_, { visible }) => !visible && onHide()}
      withArrow
    />
  );
}
