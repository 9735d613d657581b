import type { ReactNode } from "react";

import { FailedIcon } from "./icons";
import "./parts.css";

interface Props {
  label: string;
  hint?: string;
  /** What is wrong with it. */
  error?: string;
  children: ReactNode;
}

/** Several controls with one label, hint and message. Fluent's `Field` is for one control: it gives all the same id. */
export function FieldGroup({ label, hint, error, children }: Props): ReactNode {
  return (
    <fieldset className="fc-fields">
      <legend>{label}</legend>
      {children}
      {error && (
        <p className="fc-fields-error" role="alert">
          <FailedIcon aria-hidden /> {error}
        </p>
      )}
      {hint && <p className="fc-muted fc-small">{hint}</p>}
    </fieldset>
  );
}
