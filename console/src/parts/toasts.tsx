import { useCallback, useEffect, useState, type ReactNode } from "react";

import { late } from "./late";
import type { Told } from "./Toaster";
import styles from "./toasts.module.css";

const { Late: Toaster } = late(async () => (await import("./Toaster")).Toaster);
/** Milliseconds for which it is said in plain words, where the toasts cannot be loaded. */
const PLAIN_FOR = 6_000;
const TELL = "fc-tell";

/** Where the toasts appear: a region of the page, so that a screen reader finds them again. The frame has it. */
export function Toasts(): ReactNode {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const [told, setTold] = useState<readonly Told[]>([]);
  useEffect(() => {
    const onTell = ({ detail }: Event & { detail?: Told }): void => {
      if (detail) setTold((before) => [...before, detail]);
    };
    window.addEventListener(TELL, onTell);
    return () => window.removeEventListener(TELL, onTell);
  }, []);
  const onShown = useCallback(
    (shown: readonly Told[]) => setTold((before) => before.filter((each) => !shown.includes(each))),
    [],
  );
  const [used, setUsed] = useState(false);
  if (told.length > 0 && !used) setUsed(true);
  const [plain, setPlain] = useState(false);
  useEffect(() => {
    if (!plain) return;
    const timer = setTimeout(() => {
      setTold([]);
      setUsed(false);
      setPlain(false);
    }, PLAIN_FOR);
    return () => clearTimeout(timer);
  }, [plain, told]);
  return (
    <section ref={setPlace} className={styles.place} aria-label="Messages">
      {place && used && !plain && (
        <Toaster place={place} told={told} onShown={onShown} onMissing={() => setPlain(true)} />
      )}
      {plain && <Plain of={told} />}
    </section>
  );
}

function Plain({ of: told }: { of: readonly Told[] }): ReactNode {
  return (
    <div role="status" className={styles.plain}>
      {told.map(({ title, text }, index) => (
        <p key={index}>
          <span className="fc-strong">{title}</span> {text}
        </p>
      ))}
    </div>
  );
}

/** Says that something was done, and what happens now: `tell("Paused", "6 hosts in work are finished.")`. */
export function useTell(): (title: string, text?: string) => void {
  return tell;
}

function tell(title: string, text?: string): void {
  window.dispatchEvent(new CustomEvent<Told>(TELL, { detail: { title, text } }));
}
