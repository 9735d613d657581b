import { useCallback, useRef, useState, type ReactNode } from "react";

import { late, useMissing } from "../../parts/late";
import { useSession } from "../session/session";
import "./frame.css";
import { Navigation } from "./Navigation";
import { useNeedsYou } from "./needsYou";
import { NotLoadedBar } from "./NotLoadedBar";
import { useShortcuts } from "./shortcuts";
import { SignedOutBar } from "./SignedOutBar";
import { TopBar } from "./TopBar";

const { Late: MenuDrawer } = late(async () => (await import("./MenuDrawer")).MenuDrawer);
const { Late: ShortcutsDialog } = late(async () => (await import("./ShortcutsDialog")).ShortcutsDialog);

/** Top bar, navigation and the place of the page. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const [menu, setMenu] = useState(false);
  const [keys, setKeys] = useState(false);
  const main = useRef<HTMLElement>(null);
  const needsYou = useNeedsYou();
  const { signedOut, signIn } = useSession();
  const missing = useMissing();
  const [hideMenu, hideKeys] = [() => setMenu(false), () => setKeys(false)];
  const showKeys = useCallback(() => setKeys(true), []);
  useShortcuts(showKeys);
  return (
    <>
      <a className="fc-skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <TopBar onMenu={() => setMenu(true)} onKeys={showKeys} />
      {signedOut && <SignedOutBar onSignIn={signIn} />}
      {missing && <NotLoadedBar />}
      <div className="fc-frame">
        <div className="fc-side">
          <Navigation needsYou={needsYou} />
        </div>
        <main className="fc-main" id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      {menu && <MenuDrawer needsYou={needsYou} onClose={hideMenu} onMissing={hideMenu} />}
      {keys && <ShortcutsDialog onClose={hideKeys} onMissing={hideKeys} />}
    </>
  );
}
