import { useSyncExternalStore } from "react";

/** Choices of this browser that are kept for the next visit. */
export type ThemeChoice = "light" | "dark" | "system";
/** Whose zone times are shown in. `automatic`: the pool's on its pages, else the viewer's. */
export type ZoneChoice = "automatic" | "mine" | "utc";

export interface Choices {
  theme: ThemeChoice;
  zone: ZoneChoice;
  /** Whether single letters are shortcuts. */
  shortcuts: "on" | "off";
}

const DEFAULTS: Choices = { theme: "system", zone: "automatic", shortcuts: "on" };
const NAME = "freshcoat.choices";

let choices = read();
const listeners = new Set<() => void>();

function read(): Choices {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Choices>) };
  } catch {
    return DEFAULTS;
  }
}

export function choose(change: Partial<Choices>): void {
  choices = { ...choices, ...change };
  localStorage.setItem(NAME, JSON.stringify(choices));
  for (const listener of listeners) listener();
}

export function useChoices(): Choices {
  return useSyncExternalStore(subscribe, () => choices);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
export function useDark(): boolean {
  const { theme } = useChoices();
  const system = useSyncExternalStore(
    (listener) => {
      DARK.addEventListener("change", listener);
      return () => DARK.removeEventListener("change", listener);
    },
    () => DARK.matches,
  );
  return theme === "system" ? system : theme === "dark";
}
