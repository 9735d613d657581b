import { Button, Tooltip, type ButtonProps } from "@fluentui/react-components";
import type { ReactNode } from "react";

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

/** A button that says why it is disabled. */
export function ActionButton({ whyNot, busy, danger, onClick, children, className, ...rest }: Props): ReactNode {
  const button = (
    <Button
      {...rest}
      className={danger ? `fc-danger-button ${className ?? ""}` : className}
      disabledFocusable={Boolean(whyNot) || busy}
      aria-busy={busy}
      onClick={whyNot || busy ? undefined : onClick}
    >
      {children}
    </Button>
  );
  if (!whyNot) return button;
  return (
    <Tooltip content={whyNot} relationship="description" withArrow>
      {button}
    </Tooltip>
  );
}
