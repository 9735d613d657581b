import { Button, Tooltip, type ButtonProps } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

type Props = Pick<ButtonProps, "appearance" | "size" | "icon" | "className"> & {
  type?: "button" | "submit";
  children: ReactNode;
  onClick: () => void;
  /** Why it cannot be pressed now. It stays visible and can be focused, so that everybody learns the reason. */
  whyNot?: string | null;
  /** The request is on its way. */
  busy?: boolean;
  danger?: boolean;
};

/** A button that says why it is disabled. It is the same element with and without a reason, so the focus stays. */
export function ActionButton({ whyNot, busy, danger, onClick, children, className, ...rest }: Props): ReactNode {
  const [seen, setSeen] = useState(false);
  return (
    <Tooltip
      content={whyNot ?? ""}
      relationship={whyNot ? "description" : "inaccessible"}
      visible={seen && Boolean(whyNot)}
      onVisibleChange={(_, { visible }) => setSeen(visible)}
      withArrow
    >
      <Button
        {...rest}
        className={danger ? `fc-danger-button ${className ?? ""}` : className}
        disabledFocusable={Boolean(whyNot) || busy}
        aria-busy={busy}
        onClick={whyNot || busy ? undefined : onClick}
      >
        {children}
      </Button>
    </Tooltip>
  );
}
