import type { ReactElement } from "react";

export interface Action {
  text: string;
  icon?: ReactElement;
  onClick?: () => void;
  /** An address outside of the console, such as the portal's. */
  href?: string;
  /** Why it cannot be chosen now. It stays in the menu, with the reason below its text. */
  whyNot?: string | null;
}

/** One of several values is chosen. */
export interface Radios {
  title?: string;
  /** Unique in the menu. */
  name: string;
  chosen: string;
  choices: readonly (readonly [value: string, text: string])[];
  onChoose: (value: string) => void;
}

/** What stands between two lines of a menu. */
export type MenuGroup = readonly Action[] | Radios;

export function isRadios(group: MenuGroup): group is Radios {
  return "choices" in group;
}
