import { Button } from "@fluentui/react-components";
import { Component, type ReactNode } from "react";

import { PageHeader } from "../parts/PageHeader";

interface Props {
  /** There is no frame around it: it is the whole page. */
  whole?: boolean;
  children: ReactNode;
}

interface State {
  error: Error | null;
}

/** Catches errors of a page: the frame stays, so that people can go elsewhere. The frame's own leave a page that says so. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    // The connection is lost, or the file is one of an older build and gone: a reload brings the new one.
    const notLoaded = /dynamically imported module|Importing a module script failed|preload CSS/i.test(error.message);
    const told = (
      <>
        <PageHeader title={notLoaded ? "This page could not be loaded" : "This page failed"} />
        <p className="fc-bar">
          {notLoaded
            ? "The app cannot be reached, or the console has a new version. Load the page again."
            : "Nothing was changed. Load the page again, or go to another one."}
        </p>
        <Button appearance="primary" onClick={() => window.location.reload()}>
          Load again
        </Button>
      </>
    );
    return this.props.whole ? <main className="fc-gate">{told}</main> : told;
  }
}
