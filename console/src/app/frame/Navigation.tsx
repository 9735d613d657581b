import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { PLACES } from "./places";

interface Props {
  /** How many things wait for the person. */
  needsYou: number;
  onFollow?: () => void;
}

export function Navigation({ needsYou, onFollow }: Props): ReactNode {
  const [here] = useLocation();
  return (
    <nav className="fc-nav" aria-label="Main">
      {PLACES.map(({ group, links }) => (
        <section key={group} aria-label={group}>
          <h2>{group}</h2>
          {links.map(({ to, text, icon: Icon }) => (
            <Link key={to} href={to} aria-current={isAt(here, to) ? "page" : undefined} onClick={onFollow}>
              <Icon aria-hidden />
              {text}
              {to === "/tasks" && needsYou > 0 && (
                <span className="fc-nav-count">
                  {needsYou}
                  <span className="fc-sr"> need you</span>
                </span>
              )}
            </Link>
          ))}
        </section>
      ))}
    </nav>
  );
}

/** A rollout is reached from its pool. */
function isAt(here: string, to: string): boolean {
  if (to === "/pools" && here.startsWith("/rollouts")) return true;
  return here === to || here.startsWith(`${to}/`);
}
