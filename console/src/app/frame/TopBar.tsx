import { Button } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link } from "wouter";

import { choose, useChoices, useDark, type ThemeChoice } from "../../parts/choices";
import { DarkIcon, KeyboardIcon, LightIcon, MenuIcon } from "../../parts/icons";
import { MenuButton } from "../../parts/menu/MenuButton";
import { useSession } from "../session/session";
import { AccountMenu } from "./AccountMenu";

interface Props {
  onMenu: () => void;
  onKeys: () => void;
}

export function TopBar({ onMenu, onKeys }: Props): ReactNode {
  const { about } = useSession();
  return (
    <header className="fc-top">
      <Button className="fc-burger" appearance="subtle" icon={<MenuIcon />} onClick={onMenu}>
        Menu
      </Button>
      <Link href="/pools" className="fc-brand">
        <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" />
        Freshcoat
      </Link>
      <span className="fc-env">
        {about.environment}
        {about.simulated && ", simulated Azure"}
      </span>
      <span className="fc-push" />
      <Button
        className="fc-keys-button"
        appearance="subtle"
        icon={<KeyboardIcon />}
        aria-label="Keyboard shortcuts"
        onClick={onKeys}
      />
      <ThemeMenu />
      <AccountMenu />
    </header>
  );
}

const THEMES = [
  ["light", "Light"],
  ["dark", "Dark"],
  ["system", "As the system"],
] as const;

function ThemeMenu(): ReactNode {
  const { theme } = useChoices();
  const dark = useDark();
  return (
    <MenuButton
      appearance="subtle"
      icon={dark ? <DarkIcon /> : <LightIcon />}
      aria-label="Theme"
      groups={[
        {
          name: "theme",
          chosen: theme,
          choices: THEMES,
          onChoose: (choice) => choose({ theme: choice as ThemeChoice }),
        },
      ]}
    />
  );
}
