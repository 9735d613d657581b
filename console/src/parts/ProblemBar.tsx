import { MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useEffect, useState, type ReactNode } from "react";
import { Link } from "wouter";

import type { ApiError } from "../api";
import { CopyButton } from "./CopyButton";
import { placeOf } from "./links";

interface Props {
  problem: ApiError;
  /** Buttons: `Try again`. */
  actions?: ReactNode;
}

/** A refusal or an error: what happened, what to do, where to look. */
export function ProblemBar({ problem, actions }: Props): ReactNode {
  const { title, problem: body, retryAfter } = problem;
  const place = placeOf(body.href);
  const lines = Object.entries(problem.fields);
  return (
    <MessageBar intent="error" layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>{title}</MessageBarTitle> {body.detail}
        {lines.map(([field, message]) => (
          <p key={field}>
            <span className="fc-strong">{field}</span>: {message}
          </p>
        ))}
        {(body.findings ?? [])
          .filter((finding) => finding.result === "fail")
          .map((finding) => (
            <p key={finding.check}>
              {finding.detail} {finding.what_to_do}
            </p>
          ))}
        {place && (
          <p>
            <Link href={place}>Show what is in the way</Link>
          </p>
        )}
        {retryAfter !== null && <Countdown key={retryAfter} seconds={retryAfter} />}
        {body.id && (
          <p>
            Quote the id <span className="fc-mono">{body.id}</span> <CopyButton text={body.id} what="id" />
          </p>
        )}
      </MessageBarBody>
      {actions && <MessageBarActions>{actions}</MessageBarActions>}
    </MessageBar>
  );
}

/** Counts `Retry-After` down. */
function Countdown({ seconds }: { seconds: number }): ReactNode {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = setInterval(() => setLeft((now) => Math.max(0, now - 1)), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <p aria-live="off">{left > 0 ? `Worth another try in ${left} s.` : "It is worth another try now."}</p>;
}
