import { lazy, Suspense, useCallback, useRef, useState, type ReactNode } from "react";

import { useSession } from "../session/session";
import "./frame.css";
import { Navigation } from "./Navigation";
import { useNeedsYou } from "./needsYou";
import { useShortcuts } from "./shortcuts";
import { SignedOutBar } from "./SignedOutBar";
import { TopBar } from "./TopBar";

const MenuDrawer = lazy(() => import("./MenuDrawer").then((m) => ({ default: m.MenuDrawer })));
const ShortcutsDialog = lazy(() => import("./ShortcutsDialog").then((m) => ({ default: m.ShortcutsDialog })));

/** Top bar, navigation and the place of the page. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const [menu, setMenu] = useState(false);
  const [keys, setKeys] = useState(false);
  const main = useRef<HTMLElement>(null);
  const needsYou = useNeedsYou();
  const { signedOut, signIn } = useSession();
  const showKeys = useCallback(() => setKeys(true), []);
  useShortcuts(showKeys);
  return (
    <>
      <a className="fc-skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <TopBar onMenu={() => setMenu(true)} onKeys={showKeys} />
      {signedOut && <SignedOutBar onSignIn={signIn} />}
      <div className="fc-frame">
        <div className="fc-side">
          <Navigation needsYou={needsYou} />
        </div>
        <main className="fc-main" id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      {menu && (
        <Suspense>
          <MenuDrawer needsYou={needsYou} onClose={() => setMenu(false)} />
        </Suspense>
      )}
      {keys && (
        <Suspense>
          <ShortcutsDialog onClose={() => setKeys(false)} />
        </Suspense>
      )}
    </>
  );
}
