import {
  Menu,
  MenuDivider,
  MenuGroup as FluentGroup,
  MenuGroupHeader,
  MenuItem,
  MenuItemLink,
  MenuItemRadio,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from "@fluentui/react-components";
import { Fragment, useLayoutEffect, type ReactNode, type Ref, type RefObject } from "react";

import { isRadios, type Action, type MenuGroup, type Radios } from "./groups";

interface Props {
  open: boolean;
  button: RefObject<HTMLElement | null>;
  /** The id of the button. */
  labelledBy: string;
  groups: readonly MenuGroup[];
  onClose: () => void;
}

/** A menu below its button, which is drawn elsewhere. */
export function MenuContent({ open, button, labelledBy, groups, onClose }: Props): ReactNode {
  const radios = groups.filter(isRadios);
  return (
    <Menu
      open={open}
      checkedValues={Object.fromEntries(radios.map(({ name, chosen }) => [name, [chosen]]))}
      onCheckedValueChange={(_, { name, checkedItems }) =>
        radios.find((group) => group.name === name)?.onChoose(checkedItems[0] ?? "")
      }
      onOpenChange={(_, change) => !change.open && onClose()}
    >
      <MenuTrigger>{({ ref }) => <Taken by={ref} button={button} />}</MenuTrigger>
      <MenuPopover>
        <MenuList aria-labelledby={labelledBy}>
          {groups.map((group, index) => (
            <Fragment key={isRadios(group) ? group.name : index}>
              {index > 0 && <MenuDivider />}
              {isRadios(group) ? <Choices of={group} /> : group.map((action) => <Item key={action.text} of={action} />)}
            </Fragment>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** Lets Fluent know the button: where the menu stands, what is no press outside, and where the focus returns to. */
function Taken({ by, button }: { by: Ref<HTMLElement> | undefined; button: RefObject<HTMLElement | null> }): ReactNode {
  useLayoutEffect(() => {
    if (typeof by === "function") by(button.current);
    else if (by) by.current = button.current;
  }, [by, button]);
  return null;
}

function Choices({ of: { title, name, choices } }: { of: Radios }): ReactNode {
  const items = choices.map(([value, text]) => (
    <MenuItemRadio key={value} name={name} value={value}>
      {text}
    </MenuItemRadio>
  ));
  if (!title) return items;
  return (
    <FluentGroup>
      <MenuGroupHeader>{title}</MenuGroupHeader>
      {items}
    </FluentGroup>
  );
}

function Item({ of: { text, icon, href, whyNot, onClick } }: { of: Action }): ReactNode {
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
