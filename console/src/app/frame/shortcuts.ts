import { useEffect, useRef } from "react";
import { useLocation } from "wouter";

import { useChoices } from "../../parts/choices";
import { GO_TO } from "./places";

/** A letter counts after `g` for this long. */
const SEQUENCE_MS = 1_500;

/** `/` to the search of the page, `g p` and the like to a place, `?` for the list of keys. Can be switched off. */
export function useShortcuts(onHelp: () => void): void {
  const { shortcuts } = useChoices();
  const [, navigate] = useLocation();
  const goneAt = useRef(-SEQUENCE_MS);
  useEffect(() => {
    if (shortcuts === "off") return;
    function press(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const afterG = event.timeStamp - goneAt.current < SEQUENCE_MS;
      goneAt.current = event.key === "g" ? event.timeStamp : -SEQUENCE_MS;
      const place = afterG ? GO_TO[event.key] : undefined;
      if (place) navigate(place.to);
      else if (event.key === "/" && focusSearch()) event.preventDefault();
      else if (event.key === "?") onHelp();
    }
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [shortcuts, navigate, onHelp]);
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>("main input[type=search]");
  search?.focus();
  return search !== null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName) || inDialog(target);
}

function inDialog(target: HTMLElement): boolean {
  return target.closest("[role=dialog], [role=alertdialog], [role=menu], [role=grid]") !== null;
}
