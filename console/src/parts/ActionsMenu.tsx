import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuItemLink,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from "@fluentui/react-components";
import { Fragment, type ReactElement, type ReactNode } from "react";

import { MoreIcon } from "./icons";

export interface Action {
  text: string;
  icon?: ReactElement;
  onClick?: () => void;
  /** An address outside of the console, such as the portal's. */
  href?: string;
  /** Why it cannot be chosen now. It stays in the menu, with the reason below its text. */
  whyNot?: string | null;
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
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        {text ? (
          <Button>{text}</Button>
        ) : (
          <Button appearance="subtle" icon={<MoreIcon />} aria-label={`Actions of ${of}`} />
        )}
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {actions.map((action) => (
            <Fragment key={action.text}>
              {action.apart && <MenuDivider />}
              <Item action={action} />
            </Fragment>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

function Item({ action }: { action: Action }): ReactNode {
  const { text, icon, href, whyNot, onClick } = action;
  if (href && !whyNot) {
    return (
      <MenuItemLink href={href} target="_blank" rel="noreferrer" icon={icon}>
        {text}
      </MenuItemLink>
    );
  }
  return (
    <MenuItem icon={icon} disabled={Boolean(whyNot)} onClick={onClick} subText={whyNot ?? undefined}>
      {text}
    </MenuItem>
  );
}
