import { useEffect, type RefObject } from "react";

import { useReturnFocus } from "./useReturnFocus";

/** Milliseconds after which the focus is looked at. A menu that the dialog was opened from takes it back once it has closed. */
const LOOKS = [0, 60, 250] as const;

/**
 * Puts the focus on `preferred`, after Fluent has put it on the first field. Without `preferred`: into the dialog, where
 * Fluent found nothing to focus. Readers skip a dialog that has no focus. When the dialog closes, the focus
 * returns.
 */
export function useFirstFocus(surface: RefObject<HTMLElement | null>, preferred?: RefObject<HTMLElement | null>): void {
  useReturnFocus();
  useEffect(() => {
    const isInside = (): boolean => {
      const box = surface.current;
      const active = document.activeElement;
      return box !== null && active !== box && box.contains(active) && box.getAttribute("aria-hidden") !== "true";
    };
    const look = (first: boolean): void => {
      if (isInside() && !(first && preferred)) return;
      const place =
        preferred?.current ?? surface.current?.querySelector<HTMLElement>("input, select, textarea, button");
      // It may have the focus, and the page not have noticed: then only a new one counts.
      if (place === document.activeElement) place?.blur();
      place?.focus();
    };
    let timers: number[] = [];
    const frame = requestAnimationFrame(() => {
      timers = LOOKS.map((wait, index) => window.setTimeout(() => look(index === 0), wait));
    });
    return () => {
      cancelAnimationFrame(frame);
      timers.forEach(window.clearTimeout);
    };
  }, [surface, preferred]);
}
