import { useEffect, type RefObject } from "react";

/**
 * Puts the focus on `preferred`, after Fluent has put it on the first field. Without `preferred`: into the dialog, where
 * Fluent found nothing to focus. Readers skip a dialog that has no focus.
 */
export function useFirstFocus(surface: RefObject<HTMLElement | null>, preferred?: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (preferred) preferred.current?.focus();
      else if (!surface.current?.contains(document.activeElement)) {
        surface.current?.querySelector<HTMLElement>("input, select, textarea, button")?.focus();
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [surface, preferred]);
}
