import { Button, type ButtonProps } from "@fluentui/react-components";
import { useEffect, useId, useRef, useState, type ReactNode } from "react";

import { late } from "./late";

const { Late: Reason } = late(async () => (await import("./Reason")).Reason);

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
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [seen, setSeen] = useLater(false);
  const [plain, setPlain] = useState(false);
  const [show, hide] = [() => setSeen(true), () => setSeen(false)];
  const onMissing = (): void => {
    setPlain(true);
    hide();
  };
  return (
    <>
      <Button
        {...rest}
        ref={button}
        className={danger ? `fc-danger-button ${className ?? ""}` : className}
        disabledFocusable={Boolean(whyNot) || busy}
        aria-busy={busy}
        title={plain && whyNot ? whyNot : undefined}
        aria-describedby={whyNot ? id : undefined}
        onClick={whyNot || busy ? undefined : onClick}
        onPointerEnter={show}
        onPointerLeave={hide}
        onFocus={show}
        onBlur={hide}
      >
        {children}
      </Button>
      {whyNot && (
        <span id={id} hidden>
          {whyNot}
        </span>
      )}
      {whyNot && seen && <Reason button={button} text={whyNot} onKeep={show} onHide={hide} onMissing={onMissing} />}
    </>
  );
}

/** Milliseconds from the pointer's coming to the text's, and from its going: it may go over to the text meanwhile. */
const DELAY = 250;

/** A value that is set a moment later, unless another one is set before. */
function useLater(first: boolean): [boolean, (value: boolean) => void] {
  const [value, setValue] = useState(first);
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const set = (next: boolean): void => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setValue(next), DELAY);
  };
  return [value, set];
}
