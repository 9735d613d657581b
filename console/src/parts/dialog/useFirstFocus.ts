import { useEffect, type RefObject } from "react";

import { useReturnFocus } from "./useReturnFocus";

/**
 * Puts the focus on `preferred`, after Fluent has put it on the first field. Without `preferred`: into the dialog, where
 * Fluent found nothing to focus. Readers skip a dialog that has no focus. When the dialog closes, the focus
 * returns.
 */
export function useFirstFocus(surface: RefObject<HTMLElement | null>, preferred?: RefObject<HTMLElement | null>): void {
  useReturnFocus();
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (preferred) preferred.current?.focus();
      else if (document.activeElement === surface.current || !surface.current?.contains(document.activeElement)) {
        surface.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [surface, preferred]);
}
