import type { ReactNode } from "react";
import { Link } from "wouter";

import type { Message } from "../api";
import { placeOf } from "./links";
import { Time } from "./time";

/** `A sentence.` from a clause of the app. */
export function sentence(text: string): string {
  const whole = text.trim();
  return whole ? `${whole.charAt(0).toUpperCase()}${whole.slice(1)}${/[.!?]$/.test(whole) ? "" : "."}` : "";
}

/** What the app says, with the moment and the link that belong to it: its texts hold neither. */
export function MessageText({ message }: { message: Message }): ReactNode {
  const place = placeOf(message.href);
  return (
    <>
      {sentence(message.text)}
      {message.at && (
        <>
          {" "}
          <Time at={message.at} form="both" />
        </>
      )}
      {place && (
        <>
          {" "}
          <Link href={place}>Show it</Link>
        </>
      )}
    </>
  );
}
