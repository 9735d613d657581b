import {
  Button,
  Menu,
  MenuDivider,
  MenuGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from "@fluentui/react-components";
import type { ReactNode } from "react";

import { choose, useChoices, type Choices } from "../../parts/choices";
import { useSession } from "../session/session";

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
  const choices = useChoices();
  const checked = { zone: [choices.zone], shortcuts: [choices.shortcuts], role: [devRole] };
  return (
    <Menu
      checkedValues={checked}
      onCheckedValueChange={(_, { name, checkedItems }) => {
        const value = checkedItems[0] ?? "";
        if (name === "role") setDevRole(value);
        else choose({ [name]: value } as Partial<Choices>);
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="transparent" className="fc-who">
          <span>
            {me.name}
            <br />
            {me.roles.join(", ") || "no role"}
          </span>
          <span className="fc-avatar" aria-hidden>
            {initials(me.name)}
          </span>
          <span className="fc-sr">, account</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>Times are shown in</MenuGroupHeader>
            <MenuItemRadio name="zone" value="automatic">
              The pool’s zone on its pages, else mine
            </MenuItemRadio>
            <MenuItemRadio name="zone" value="mine">
              My zone
            </MenuItemRadio>
            <MenuItemRadio name="zone" value="utc">
              UTC
            </MenuItemRadio>
          </MenuGroup>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>Shortcuts of single keys</MenuGroupHeader>
            <MenuItemRadio name="shortcuts" value="on">
              On
            </MenuItemRadio>
            <MenuItemRadio name="shortcuts" value="off">
              Off
            </MenuItemRadio>
          </MenuGroup>
          <MenuDivider />
          {about.auth.kind === "development" ? <DevRoles /> : <MenuItem onClick={signOut}>Sign out</MenuItem>}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function DevRoles(): ReactNode {
  return (
    <MenuGroup>
      <MenuGroupHeader>Try the role (local run)</MenuGroupHeader>
      {DEV_ROLES.map(([role, text]) => (
        <MenuItemRadio key={role} name="role" value={role}>
          {text}
        </MenuItemRadio>
      ))}
    </MenuGroup>
  );
}

function initials(name: string): string {
  const words = name.split(/[^\p{L}]+/u).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => word[0]) : [...(words[0] ?? "?")].slice(0, 2);
  return letters.join("").toUpperCase();
}
