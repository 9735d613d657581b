import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";

import { CrumbIcon } from "./icons";
import "./parts.css";
import { useTitle } from "./title";

interface Props {
  /** The one `h1`, and the tab's title. */
  title: string;
  /** Another title for the tab: `office to 2.0.0, 65 %`. */
  tab?: string;
  /** The way here: text and address of each page above. */
  crumbs?: readonly (readonly [text: string, to: string])[];
  /** Beside the title: state and age. */
  beside?: ReactNode;
  /** Below the title: one line. */
  line?: ReactNode;
  /** Buttons. */
  actions?: ReactNode;
}

export function PageHeader({ title, tab, crumbs, beside, line, actions }: Props): ReactNode {
  useTitle(tab ?? title);
  return (
    <>
      {crumbs && (
        <nav className="fc-crumbs" aria-label="Breadcrumb">
          {crumbs.map(([text, to]) => (
            <Fragment key={to}>
              <Link href={to}>{text}</Link>
              <CrumbIcon aria-hidden />
            </Fragment>
          ))}
          <span aria-current="page">{title}</span>
        </nav>
      )}
      <div className="fc-head">
        <div>
          <div className="fc-title-line">
            <h1>{title}</h1>
            {beside}
          </div>
          {line && <p className="fc-muted">{line}</p>}
        </div>
        {actions && <div className="fc-row">{actions}</div>}
      </div>
    </>
  );
}
