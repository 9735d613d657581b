import { FluentProvider, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, type ReactNode } from "react";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";

import { useDark } from "../parts/choices";
import { PageSkeleton } from "../parts/PageSkeleton";
import { Toasts } from "../parts/toasts";
import { ErrorBoundary } from "./ErrorBoundary";
import { Frame } from "./frame/Frame";
import { NotFoundPage } from "./NotFoundPage";
import { PAGES } from "./routes";
import { SessionProvider } from "./session/SessionProvider";

export function App({ queries }: { queries: QueryClient }): ReactNode {
  const dark = useDark();
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  return (
    <FluentProvider theme={dark ? webDarkTheme : webLightTheme}>
      {/* Not a class of the provider: dialogs and menus would get it too. */}
      <div className="fc-root">
        <QueryClientProvider client={queries}>
          <Router base="/console">
            <ErrorBoundary whole>
              <SessionProvider>
                <Frame>
                  <Pages />
                </Frame>
                <Toasts />
              </SessionProvider>
            </ErrorBoundary>
          </Router>
        </QueryClientProvider>
      </div>
    </FluentProvider>
  );
}

/** The page of the address. Another address begins with a new error boundary. */
export function Pages(): ReactNode {
  const [here] = useLocation();
  return (
    <ErrorBoundary key={here}>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          <Route path="/">
            <Redirect to="/pools" replace />
          </Route>
          {PAGES.map(({ path, Page }) => (
            <Route key={path} path={path}>
              <Page />
            </Route>
          ))}
          <Route>
            <NotFoundPage />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}
