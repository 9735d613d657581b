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
} from "@fluentui/react-components";
import { Fragment, useState, type ReactNode, type RefObject } from "react";

import { isRadios, type Action, type MenuGroup, type Radios } from "./groups";

interface Props {
  button: RefObject<HTMLElement | null>;
  /** The id of the button. */
  labelledBy: string;
  groups: readonly MenuGroup[];
  onClose: () => void;
}

/** An open menu below its button. */
export function MenuContent({ button, labelledBy, groups, onClose }: Props): ReactNode {
  const [target] = useState(button.current);
  const radios = groups.filter(isRadios);
  return (
    <Menu
      open
      positioning={{ target }}
      checkedValues={Object.fromEntries(radios.map(({ name, chosen }) => [name, [chosen]]))}
      onCheckedValueChange={(_, { name, checkedItems }) =>
        radios.find((group) => group.name === name)?.onChoose(checkedItems[0] ?? "")
      }
      onOpenChange={(_, { open }) => !open && onClose()}
    >
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
