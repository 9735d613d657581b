import { useEffect, useState } from "react";

/** Milliseconds after which the page is shown once more: Fluent hides it a quarter of a second after a dialog has opened. */
const LATER = 500;

/**
 * Gives the focus back to what had it before, when this goes and leaves it nowhere. Fluent does so for its own triggers
 * only. What was chosen from a menu is gone by then: the menu's button gets it.
 */
export function useReturnFocus(): void {
  const [before] = useState(whereItReturns);
  useEffect(
    () => () => {
      window.setTimeout(showPage, LATER);
      requestAnimationFrame(() => {
        showPage();
        const nowhere = document.activeElement === null || document.activeElement === document.body;
        if (nowhere && before instanceof HTMLElement && before.isConnected) before.focus();
      });
    },
    [before],
  );
}

/** Fluent hides the page from screen readers while a dialog is open, and leaves it so where the dialog is taken away open. */
function showPage(): void {
  if (!document.querySelector("[aria-modal=true]")) document.getElementById("root")?.removeAttribute("aria-hidden");
}

function whereItReturns(): Element | null {
  const active = document.activeElement;
  const menuButton = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  return menuButton ? document.getElementById(menuButton) : active;
}
