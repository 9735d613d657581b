/** Who the requests are from. The session sets it; nothing here is stored. */

export interface Credentials {
  /** Headers of a request made now. Rejects when somebody has to sign in again. */
  headers(): Promise<Record<string, string>>;
}

const NONE: Credentials = { headers: () => Promise.resolve({}) };

let current = NONE;
const listeners = new Set<() => void>();

export function setCredentials(credentials: Credentials | null): void {
  current = credentials ?? NONE;
}

export function credentialHeaders(): Promise<Record<string, string>> {
  return current.headers();
}

/** Calls `listener` when the app no longer knows who asks (401). Returns what ends it. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tellSignedOut(): void {
  for (const listener of listeners) listener();
}
