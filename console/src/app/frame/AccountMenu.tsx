import type { ReactNode } from "react";

import { choose, useChoices, type Choices } from "../../parts/choices";
import type { MenuGroup } from "../../parts/menu/groups";
import { MenuButton } from "../../parts/menu/MenuButton";
import { useSession } from "../session/session";

const ZONES = [
  ["automatic", "The pool’s zone on its pages, else mine"],
  ["mine", "My zone"],
  ["utc", "UTC"],
] as const;

const SHORTCUTS = [
  ["on", "On"],
  ["off", "Off"],
] as const;

const DEV_ROLES = [
  ["", "Developer (everything)"],
  ["reader", "Reader"],
  ["operator", "Operator"],
  ["approver", "Approver"],
  ["admin", "Admin"],
] as const;

/** Who is signed in, and the choices of this person. */
export function AccountMenu(): ReactNode {
  const { me, about, devRole, setDevRole, signOut } = useSession();
  const { zone, shortcuts } = useChoices();
  const set = (name: keyof Choices) => (value: string) => choose({ [name]: value } as Partial<Choices>);
  const groups: MenuGroup[] = [
    { title: "Times are shown in", name: "zone", chosen: zone, choices: ZONES, onChoose: set("zone") },
    {
      title: "Shortcuts of single keys",
      name: "shortcuts",
      chosen: shortcuts,
      choices: SHORTCUTS,
      onChoose: set("shortcuts"),
    },
    about.auth.kind === "development"
      ? { title: "Try the role (local run)", name: "role", chosen: devRole, choices: DEV_ROLES, onChoose: setDevRole }
      : [{ text: "Sign out", onClick: signOut }],
  ];
  return (
    <MenuButton appearance="transparent" className="fc-who" groups={groups}>
      <span>
        {me.name}
        <br />
        {me.roles.join(", ") || "no role"}
      </span>
      <span className="fc-avatar" aria-hidden>
        {initials(me.name)}
      </span>
      <span className="fc-sr">, account</span>
    </MenuButton>
  );
}

function initials(name: string): string {
  const words = name.split(/[^\p{L}]+/u).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => word[0]) : [...(words[0] ?? "?")].slice(0, 2);
  return letters.join("").toUpperCase();
}
