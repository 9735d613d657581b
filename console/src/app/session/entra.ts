import { InteractionRequiredAuthError, PublicClientApplication } from "@azure/msal-browser";

import type { Credentials } from "../../api/credentials";
import type { About } from "./session";

/** Sign-in with Entra ID: authorization code with PKCE by redirects. Tokens are kept in memory only. */
export interface EntraSession {
  credentials: Credentials;
  /** Whether somebody is signed in. */
  signedIn: boolean;
  signIn: () => void;
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
    cache: { cacheLocation: "memoryStorage" },
  });
  await app.initialize();
  const answer = await app.handleRedirectPromise();
  const account = answer?.account ?? app.getAllAccounts()[0] ?? null;
  app.setActiveAccount(account);

  async function headers(): Promise<Record<string, string>> {
    try {
      const { accessToken } = await app.acquireTokenSilent({ scopes });
      return { Authorization: `Bearer ${accessToken}` };
    } catch (error) {
      if (error instanceof InteractionRequiredAuthError) throw error;
      throw new Error("Entra ID gave no token", { cause: error });
    }
  }

  return {
    credentials: { headers },
    signedIn: account !== null,
    signIn: () => void app.loginRedirect({ scopes, redirectStartPage: window.location.href }),
    signOut: () => void app.logoutRedirect({ account }),
  };
}
