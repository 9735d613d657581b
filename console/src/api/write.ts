import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import type { paths } from "../schema";
import { request } from "./client";
import { asApiError, type ApiError } from "./problems";
import type { Answer, Asked, Body, Method } from "./types";

type Write = Exclude<Method, "get">;
export type WritePath<M extends Write> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

export interface Ask<P extends keyof paths, M extends Write> {
  params?: Asked<P, M>;
  body?: Body<P, M>;
  /** The ETag that was read, for a change of settings. */
  ifMatch?: string;
  /** Only create it: refused with 412 when there is one already. */
  onlyNew?: boolean;
}

export interface Writing<P extends keyof paths, M extends Write> {
  /**
   * Sends the request. Gives the answer ({} where it is empty), or null when it was refused or lost (see `problem`), and
   * while another one of this form is on its way.
   */
  send: (ask: Ask<P, M>) => Promise<Answer<P, M> | null>;
  busy: boolean;
  problem: ApiError | null;
  /** The message of a field and of everything below it: `schedule` has also that of `schedule.deadline`. */
  fieldError: (field: string) => string | undefined;
  /** Forgets the problem and the key, as a dialog does that is opened again. */
  reset: () => void;
}

/**
 * A request that changes something. All sends of the same content carry the same `Idempotency-Key` until one succeeds:
 * a second press, or a new try after a lost answer, is the same request.
 */
export function useWrite<M extends Write, P extends WritePath<M>>(method: M, path: P): Writing<P, M> {
  const queries = useQueryClient();
  const keys = useRef(new IdempotencyKeys());
  const sending = useRef(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);

  async function send(ask: Ask<P, M>): Promise<Answer<P, M> | null> {
    // A second press comes before the button is drawn as busy.
    if (sending.current) return null;
    sending.current = true;
    const content = JSON.stringify([ask.params, ask.body]);
    const headers: Record<string, string> = { "Idempotency-Key": keys.current.of(content) };
    if (ask.ifMatch) headers["If-Match"] = ask.ifMatch;
    if (ask.onlyNew) headers["If-None-Match"] = "*";
    setBusy(true);
    setProblem(null);
    try {
      const received = await request(method, path as never, { params: ask.params, body: ask.body, headers } as never);
      keys.current.forget();
      // Not before the caller has gone on: the page of what was deleted must not be read again.
      // Nor the plan of what was just done: it would be asked for once more, and refused.
      setTimeout(() => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "plan" }));
      return received.data ?? ({} as Answer<P, M>);
    } catch (error) {
      setProblem(asApiError(error));
      return null;
    } finally {
      sending.current = false;
      setBusy(false);
    }
  }

  function reset(): void {
    keys.current.forget();
    setProblem(null);
  }

  return { send, busy, problem, fieldError: (field) => fieldError(problem, field), reset };
}

/** One key for each content of a dialog: the app refuses a key that was used for something else. */
export class IdempotencyKeys {
  private readonly keys = new Map<string, string>();

  of(content: string): string {
    const key = this.keys.get(content) ?? newKey();
    this.keys.set(content, key);
    return key;
  }

  forget(): void {
    this.keys.clear();
  }
}

/** Works without https too, unlike `crypto.randomUUID`. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fieldError(problem: ApiError | null, field: string): string | undefined {
  return Object.entries(problem?.fields ?? {}).find(([name]) => isOf(name, field))?.[1];
}

/** Whether a message is about a field or something below it. */
function isOf(name: string, field: string): boolean {
  return name === field || name.startsWith(`${field}.`) || name.startsWith(`${field}[`);
}

/** Whether the message of each bad field is shown beside a field of this form; the others need a bar. */
export function hasOnlyFields(problem: ApiError, shown: readonly string[]): boolean {
  const names = Object.keys(problem.fields);
  const isShown = (name: string): boolean => shown.some((field) => isOf(name, field));
  return names.length > 0 && names.every(isShown);
}
