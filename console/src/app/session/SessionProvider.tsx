import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";

import type { ApiError } from "../../api";
import { request } from "../../api";
import { onSignedOut, setCredentials } from "../../api/credentials";
import { asApiError } from "../../api/problems";
import { SignInPage, StartingPage, UnreachablePage } from "./gates";
import { SessionContext, SIGN_IN_PATH, type About, type Me, type Session } from "./session";
import type { EntraSession } from "./entra";

type Start =
  | { at: "starting" }
  | { at: "unreachable"; error: ApiError }
  | { at: "signed-out"; about: About; entra: EntraSession | null; error: ApiError | null }
  | { at: "signed-in"; about: About; entra: EntraSession | null; me: Me };

const DEV_ROLE = "freshcoat.dev-role";

/** Finds out how this app signs people in and who is there, and draws the pages when somebody is. */
export function SessionProvider({ children }: { children: ReactNode }): ReactNode {
  const [start, setStart] = useState<Start>({ at: "starting" });
  const [devRole, setRole] = useState(() => sessionStorage.getItem(DEV_ROLE) ?? "");
  const [signedOut, setSignedOut] = useState(false);
  const queries = useQueryClient();

  const begin = useCallback(async (role: string): Promise<void> => {
    setStart(await findOut(role).catch((error: unknown): Start => ({ at: "unreachable", error: asApiError(error) })));
  }, []);
  // The role of a local run is only read at the start; `setDevRole` begins anew.
  useEffect(() => void begin(sessionStorage.getItem(DEV_ROLE) ?? ""), [begin]);
  useEffect(() => onSignedOut(() => setSignedOut(true)), []);

  const session = useMemo((): Session | null => {
    if (start.at !== "signed-in") return null;
    const { about, me, entra } = start;
    return {
      about,
      me,
      signedOut,
      devRole,
      signIn: () => {
        const goOn = (): void => void again(queries, setSignedOut);
        if (entra) entra.signInBeside(goOn);
        else goOn();
      },
      signOut: () => entra?.signOut(),
      setDevRole: (role) => {
        sessionStorage.setItem(DEV_ROLE, role);
        setRole(role);
        void begin(role).then(() => queries.invalidateQueries());
      },
    };
  }, [start, signedOut, devRole, begin, queries]);

  if (session) return <SessionContext value={session}>{children}</SessionContext>;
  if (start.at === "unreachable") return <UnreachablePage error={start.error} onRetry={() => void begin(devRole)} />;
  if (start.at === "signed-out") {
    return <SignInPage about={start.about} error={start.error} onSignIn={start.entra?.signIn ?? null} />;
  }
  return <StartingPage />;
}

/** Reads who asks, once more, and lets the pages go on. */
async function again(
  queries: ReturnType<typeof useQueryClient>,
  setSignedOut: (value: boolean) => void,
): Promise<void> {
  const known = await request("get", "/api/me").catch(() => null);
  if (!known) return;
  setSignedOut(false);
  await queries.invalidateQueries();
}

async function findOut(devRole: string): Promise<Start> {
  const about = (await request("get", "/api/about")).data as About;
  let entra: EntraSession | null = null;
  if (about.auth.kind === "development") {
    const own: Record<string, string> = devRole ? { "X-Dev-Role": devRole } : {};
    setCredentials({ headers: () => Promise.resolve(own) });
  } else if (about.auth.kind === "entra") {
    entra = await (await import("./entra")).openEntra(about.auth);
    if (!entra.signedIn && window.location.pathname === SIGN_IN_PATH) entra.signIn();
    if (!entra.signedIn) return { at: "signed-out", about, entra, error: null };
    setCredentials(entra.credentials);
  }
  try {
    const me = (await request("get", "/api/me")).data as Me;
    return { at: "signed-in", about, entra, me };
  } catch (thrown) {
    const error = asApiError(thrown);
    if (error.status !== 401 && error.status !== 403) throw error;
    return { at: "signed-out", about, entra, error };
  }
}
