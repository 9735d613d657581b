import { lazy, Suspense, useCallback, useEffect, useState, type ReactNode } from "react";

import styles from "./toasts.module.css";

export interface Told {
  title: string;
  text?: string | undefined;
}

const Toaster = lazy(() => import("./Toaster").then((module) => ({ default: module.Toaster })));
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
  return (
    <section ref={setPlace} className={styles.place} aria-label="Messages">
      {place && used && (
        <Suspense>
          <Toaster place={place} told={told} onShown={onShown} />
        </Suspense>
      )}
    </section>
  );
}

/** Says that something was done, and what happens now: `tell("Paused", "6 hosts in work are finished.")`. */
export function useTell(): (title: string, text?: string) => void {
  return tell;
}

function tell(title: string, text?: string): void {
  window.dispatchEvent(new CustomEvent<Told>(TELL, { detail: { title, text } }));
}
