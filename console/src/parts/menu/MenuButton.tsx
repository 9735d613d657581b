import { Button, type ButtonProps } from "@fluentui/react-components";
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { late } from "../late";
import type { MenuGroup } from "./groups";

const { Late: MenuContent, soon } = late(async () => (await import("./MenuContent")).MenuContent);

type Props = Pick<ButtonProps, "appearance" | "icon" | "className" | "aria-label"> & {
  groups: readonly MenuGroup[];
  /** The text on the button. */
  children?: ReactNode;
};

/** A button with a menu. The menu's code, a fifth of the first page's, is only loaded when somebody comes near. */
export function MenuButton({ groups, children, ...rest }: Props): ReactNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const [used, setUsed] = useState(false);
  if (open && !used) setUsed(true);
  const onMissing = (): void => {
    setOpen(false);
    setUsed(false);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    setOpen(true);
  };
  return (
    <>
      <Button
        {...rest}
        id={id}
        ref={button}
        aria-haspopup="menu"
        aria-expanded={open}
        onPointerEnter={soon}
        onFocus={soon}
        onClick={() => setOpen(!open)}
        onKeyDown={onKey}
      >
        {children}
      </Button>
      {used && (
        <MenuContent
          open={open}
          button={button}
          labelledBy={id}
          groups={groups}
          onClose={() => setOpen(false)}
          onMissing={onMissing}
        />
      )}
    </>
  );
}
