import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";

/** The page and its forms stay as they are. */
export function SignedOutBar({ onSignIn }: { onSignIn: () => void }): ReactNode {
  return (
    <section className="fc-above-page" aria-label="Signed out">
      <MessageBar intent="warning" politeness="assertive">
        <MessageBarBody>
          <MessageBarTitle>You are signed out.</MessageBarTitle> What you see is no longer kept up to date.
        </MessageBarBody>
        <MessageBarActions>
          <Button appearance="primary" onClick={onSignIn}>
            Sign in
          </Button>
        </MessageBarActions>
      </MessageBar>
    </section>
  );
}
