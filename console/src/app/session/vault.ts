/** What MSAL calls its entries in `sessionStorage`. */
const ITS_OWN = "msal.";

/**
 * Keeps what MSAL knows in memory. MSAL signs in by redirects only when it keeps its tokens in `sessionStorage`, so they
 * are there while it works, and nowhere but here as soon as it has finished.
 */
export class Vault {
  private readonly kept = new Map<string, string>();
  private last: Promise<unknown> = Promise.resolve();

  /** Takes everything out of the storage. */
  takeOut(): void {
    for (const name of Object.keys(sessionStorage).filter((each) => each.startsWith(ITS_OWN))) {
      this.kept.set(name, sessionStorage.getItem(name) ?? "");
      sessionStorage.removeItem(name);
    }
  }

  /** Runs something with the storage as MSAL left it. One after the other, so that none takes it from another. */
  during<T>(work: () => Promise<T>): Promise<T> {
    const next = this.last.then(async () => {
      this.putBack();
      try {
        return await work();
      } finally {
        this.takeOut();
      }
    });
    this.last = next.catch(() => undefined);
    return next;
  }

  private putBack(): void {
    for (const [name, value] of this.kept) sessionStorage.setItem(name, value);
    this.kept.clear();
  }
}
