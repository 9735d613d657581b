import type { ReactNode } from "react";

import { MoreIcon } from "./icons";
import type { Action as Entry } from "./menu/groups";
import { MenuButton } from "./menu/MenuButton";

export interface Action extends Entry {
  /** Whether a line stands above it. */
  apart?: boolean;
}

interface Props {
  /** Whose actions they are: `office`. The button is then read as "Actions of office". */
  of: string;
  actions: readonly Action[];
  /** A text on the button in place of the three dots. */
  text?: string;
}

export function ActionsMenu({ of, actions, text }: Props): ReactNode {
  const groups = inGroups(actions);
  if (text) return <MenuButton groups={groups}>{text}</MenuButton>;
  return <MenuButton groups={groups} appearance="subtle" icon={<MoreIcon />} aria-label={`Actions of ${of}`} />;
}

function inGroups(actions: readonly Action[]): Action[][] {
  const groups: Action[][] = [[]];
  for (const action of actions) {
    if (action.apart && groups.at(-1)?.length) groups.push([]);
    groups.at(-1)?.push(action);
  }
  return groups;
}
