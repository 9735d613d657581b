import { useEffect, useEffectEvent, useState, useSyncExternalStore, type ComponentType, type ReactNode } from "react";

export interface Late<P> {
  /** Draws nothing until its code has arrived. */
  Late: ComponentType<P & { onMissing: () => void }>;
  /** Fetches the code before it is needed. That this fails is no matter yet. */
  soon: () => void;
}

/**
 * Something that is loaded when somebody comes near, and is no page. Unlike React's `lazy`, the page stays as it is when
 * the code cannot be fetched (the connection is lost, or a new build has other files): `onMissing` is told, the frame
 * shows a bar, and the next use tries again.
 */
export function late<P extends object>(fetch: () => Promise<ComponentType<P>>): Late<P> {
  let found: ComponentType<P> | null = null;
  const load = async (): Promise<ComponentType<P>> => {
    askAgainForStyles();
    return (found ??= await fetch());
  };

  function Late({ onMissing, ...rest }: P & { onMissing: () => void }): ReactNode {
    const [Found, setFound] = useState(() => found);
    const missing = useEffectEvent(onMissing);
    useEffect(() => {
      if (found) return;
      let gone = false;
      load().then(
        (arrived) => {
          sayMissing(false);
          if (!gone) setFound(() => arrived);
        },
        () => {
          if (gone) return;
          sayMissing(true);
          missing();
        },
      );
      return () => {
        gone = true;
      };
    }, []);
    return Found ? <Found {...(rest as unknown as P)} /> : null;
  }

  return { Late, soon: () => void load().catch(() => undefined) };
}

// Vite does not ask twice for a sheet of styles, and what comes at the second try would be drawn without its own.
document.addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet") target.dataset.lost = "";
  },
  true,
);

function askAgainForStyles(): void {
  for (const lost of document.querySelectorAll<HTMLLinkElement>("link[data-lost]")) {
    const again = document.createElement("link");
    again.rel = "stylesheet";
    again.crossOrigin = "";
    again.href = lost.href;
    lost.replaceWith(again);
  }
}

let isMissing = false;
const listeners = new Set<() => void>();

/** Says that a part of the page is missing, or that parts arrive again. */
export function sayMissing(value: boolean): void {
  isMissing = value;
  for (const tell of listeners) tell();
}

/** Whether the last part that was asked for could not be fetched. */
export function useMissing(): boolean {
  return useSyncExternalStore(listen, () => isMissing);
}

function listen(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}
