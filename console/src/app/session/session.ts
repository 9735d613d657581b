import { createContext, useContext } from "react";

import type { Model, Need } from "../../api";

/** The address of the tab that signs somebody in for another one. */
export const SIGN_IN_PATH = "/console/sign-in";

export type About = Model<"About">;
export type Me = Model<"Me">;

export interface Session {
  about: About;
  me: Me;
  /** Whether a request was refused because nobody is signed in any more. The page stays as it is. */
  signedOut: boolean;
  signIn: () => void;
  signOut: () => void;
  /** In a local run: the role that is tried, "" for the developer's own. */
  devRole: string;
  setDevRole: (role: string) => void;
}

export const SessionContext = createContext<Session | null>(null);

/** Who is signed in. Pages are only drawn when somebody is. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession outside of SessionProvider");
  return session;
}

/** Why the person may not do this, or null: they may. */
export function useWhyNot(need: Need): string | null {
  const { me } = useSession();
  return me.may.includes(need) ? null : refusal(need, me.roles);
}

const WORDS: Record<Need, [what: string, role: string]> = {
  read: ["Reading", "reader"],
  plan: ["Planning", "operator"],
  publish: ["Publishing", "operator"],
  steer: ["Steering rollouts", "operator"],
  approve: ["Approving", "approver"],
  configure: ["Changing settings", "admin"],
  audit: ["Reading the audit", "admin"],
  hint: ["Reporting log-offs", "agent"],
};

export function refusal(need: Need, roles: readonly string[]): string {
  const [what, role] = WORDS[need];
  const own = roles.length > 0 ? `You are ${roles.join(" and ")}` : "You have no role";
  return `${own}. ${what} needs the role ${role}.`;
}
