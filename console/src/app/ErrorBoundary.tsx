import { Button } from "@fluentui/react-components";
import { Component, type ReactNode } from "react";

import { PageHeader } from "../parts/PageHeader";

interface State {
  error: Error | null;
}

/** Catches errors of a page. The frame stays, so that people can go elsewhere. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    // A chunk of an older build is gone after a deployment: a reload brings the new one.
    const outdated = /dynamically imported module|Importing a module script failed/i.test(error.message);
    return (
      <>
        <PageHeader title={outdated ? "There is a new version of the console" : "This page failed"} />
        <p className="fc-bar">
          {outdated ? "Load it to go on." : "Nothing was changed. Load the page again, or go to another one."}
        </p>
        <Button appearance="primary" onClick={() => window.location.reload()}>
          Load again
        </Button>
      </>
    );
  }
}
