import { Button, Spinner } from "@fluentui/react-components";
import type { ReactNode } from "react";

import type { ApiError } from "../../api";
import { ProblemBar } from "../../parts/ProblemBar";
import type { About } from "./session";

/** What is shown before somebody is signed in. */
function Gate({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <main className="fc-gate">
      <h1>{title}</h1>
      {children}
    </main>
  );
}

export function StartingPage(): ReactNode {
  return (
    <main className="fc-gate">
      <h1 className="fc-sr">Freshcoat</h1>
      <Spinner label="Asking the app" />
    </main>
  );
}

export function UnreachablePage({ error, onRetry }: { error: ApiError; onRetry: () => void }): ReactNode {
  return (
    <Gate title="Freshcoat">
      <ProblemBar problem={error} />
      <Button appearance="primary" onClick={onRetry}>
        Try again
      </Button>
    </Gate>
  );
}

interface SignInProps {
  about: About;
  error: ApiError | null;
  /** Null: this app has no way for people to sign in. */
  onSignIn: (() => void) | null;
}

export function SignInPage({ about, error, onSignIn }: SignInProps): ReactNode {
  return (
    <Gate title={`Freshcoat, ${about.environment}`}>
      {error && <ProblemBar problem={error} />}
      {onSignIn ? (
        <>
          <p>Publishes desktop images to Azure Virtual Desktop pools.</p>
          <Button appearance="primary" onClick={onSignIn}>
            Sign in
          </Button>
        </>
      ) : (
        <p>People cannot sign in here yet: this app only takes app keys. Set its Entra tenant and audience first.</p>
      )}
    </Gate>
  );
}
