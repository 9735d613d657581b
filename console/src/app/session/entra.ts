import { PublicClientApplication } from "@azure/msal-browser";

import type { Credentials } from "../../api/credentials";
import { SIGN_IN_PATH, type About } from "./session";
import { Vault } from "./vault";

/** How that tab hands the token over. Only pages of this origin hear it, and nothing is stored. */
const CHANNEL = "freshcoat.sign-in";
/** A token is not used in its last minute. */
const SPARE_MS = 60_000;

interface Handed {
  token: string;
  /** Milliseconds since 1970. */
  until: number;
}

/** Sign-in with Entra ID: authorization code with PKCE by redirects. Tokens are kept in memory only. */
export interface EntraSession {
  credentials: Credentials;
  /** Whether somebody is signed in. */
  signedIn: boolean;
  /** Leaves the page for Entra ID and comes back to it. */
  signIn: () => void;
  /** Signs in in another tab, so that this page and its forms stay. Calls `done` when that tab has. */
  signInBeside: (done: () => void) => void;
  signOut: () => void;
}

export async function openEntra(auth: About["auth"]): Promise<EntraSession> {
  const scopes = [auth.scope ?? ""];
  const app = new PublicClientApplication({
    auth: {
      clientId: auth.client_id ?? "",
      authority: `${auth.authority ?? "https://login.microsoftonline.com"}/${auth.tenants?.[0] ?? "organizations"}`,
      redirectUri: `${window.location.origin}/console/`,
      postLogoutRedirectUri: `${window.location.origin}/console/`,
    },
    cache: { cacheLocation: "sessionStorage" },
  });
  const vault = new Vault();
  const account = await vault.during(async () => {
    await app.initialize();
    const answer = await app.handleRedirectPromise();
    return answer?.account ?? app.getAllAccounts()[0] ?? null;
  });

  let held: Handed | null = null;

  async function token(): Promise<Handed> {
    if (held && held.until > Date.now()) return held;
    if (!account) throw new Error("Nobody is signed in.");
    const got = await vault.during(() => app.acquireTokenSilent({ scopes, account }));
    held = { token: got.accessToken, until: (got.expiresOn?.getTime() ?? Date.now()) - SPARE_MS };
    return held;
  }

  const channel = new BroadcastChannel(CHANNEL);
  if (account && window.location.pathname === SIGN_IN_PATH) {
    channel.postMessage(await token());
    window.close();
  }

  return {
    credentials: { headers: async () => ({ Authorization: `Bearer ${(await token()).token}` }) },
    signedIn: account !== null,
    signIn: () => void app.loginRedirect({ scopes, redirectStartPage: window.location.href }),
    signInBeside: (done) => {
      channel.addEventListener("message", (event: MessageEvent<Handed>) => {
        held = event.data;
        done();
      });
      window.open(SIGN_IN_PATH, "_blank");
    },
    signOut: () => void app.logoutRedirect({ account }),
  };
}
