import createClient from "openapi-fetch";

import type { paths } from "../schema";
import { learnClock } from "./clock";
import { credentialHeaders, tellSignedOut } from "./credentials";
import { ApiError, readProblem, UNREACHABLE } from "./problems";
import type { Answer, Asked, Body, Method, PathsWith } from "./types";

/** Longest wait for an answer. The front end of Functions ends requests after 230 s. */
const LONGEST = 60_000;

/** `fetch` of the moment of the call, so that tests can replace it. */
const client = createClient<paths>({ baseUrl: window.location.origin, fetch: (request) => timedFetch(request) });

async function timedFetch(request: Request): Promise<Response> {
  const sentAt = Date.now();
  const response = await globalThis.fetch(request);
  learnClock(response.headers.get("Date"), sentAt, Date.now());
  return response;
}

export interface Sent<P extends keyof paths, M extends Method> {
  params?: Asked<P, M>;
  body?: Body<P, M>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface Received<T> {
  /** Null after 204 and 304. */
  data: T | null;
  status: number;
  etag: string | null;
}

/** Sends a request. Throws ApiError for everything but a success or 304. */
export async function request<M extends Method, P extends PathsWith<M>>(
  method: M,
  path: P,
  sent: Sent<P, M> = {},
): Promise<Received<Answer<P, M>>> {
  const { response, error } = await send(method, path, sent as Loose);
  if (response.status === 401) tellSignedOut();
  if (!response.ok && response.status !== 304) throw readProblem(response, error);
  const empty = response.status === 204 || response.status === 304;
  const data = empty ? null : ((await response.json()) as Answer<P, M>);
  return { data, status: response.status, etag: response.headers.get("ETag") };
}

/** What is sent, without the types that belong to one path. */
type Loose = Pick<Sent<never, never>, "headers" | "signal"> & { params?: object; body?: unknown };

/** `error` is the body of an answer that is no success: JSON, or the text of it. */
interface Replied {
  response: Response;
  error?: unknown;
}

async function send(method: Method, path: keyof paths, sent: Loose): Promise<Replied> {
  const own = await credentialHeaders().catch(() => {
    tellSignedOut();
    throw new ApiError(401, { title: "You are signed out", detail: "Sign in to go on. Nothing was lost." });
  });
  const limit = AbortSignal.timeout(LONGEST);
  try {
    // The types of openapi-fetch cannot follow a path that is a variable. `request` has checked it.
    const call = client.request as unknown as (m: string, p: string, init: object) => Promise<Replied>;
    return await call(method, path, {
      params: sent.params ?? {},
      body: sent.body,
      headers: { ...own, ...sent.headers },
      signal: sent.signal ? AbortSignal.any([sent.signal, limit]) : limit,
      parseAs: "stream",
    });
  } catch (error) {
    if (sent.signal?.aborted) throw error;
    throw new ApiError(0, UNREACHABLE);
  }
}
