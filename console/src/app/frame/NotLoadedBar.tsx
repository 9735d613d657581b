import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { CloseIcon } from "../../parts/icons";
import { sayMissing } from "../../parts/late";

/** A menu, hint or dialog could not be fetched. The page and its forms stay as they are. */
export function NotLoadedBar(): ReactNode {
  const close = (
    <Button appearance="transparent" icon={<CloseIcon />} aria-label="Close" onClick={() => sayMissing(false)} />
  );
  return (
    <section className="fc-above-page" aria-label="The console is not complete">
      <MessageBar intent="warning" politeness="assertive" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>A part of the console could not be loaded.</MessageBarTitle> The app cannot be reached, or
          the console has a new version. Try it again, or load the page again: what you typed on it is lost then.
        </MessageBarBody>
        <MessageBarActions containerAction={close}>
          <Button onClick={() => window.location.reload()}>Load again</Button>
        </MessageBarActions>
      </MessageBar>
    </section>
  );
}
