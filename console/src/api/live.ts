import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { request } from "./client";
import { nextPoll, type Pace } from "./pace";
import { asApiError, type ApiError } from "./problems";
import type { Answer, Asked, PathsWith } from "./types";

type Get = PathsWith<"get">;

export interface LiveOptions<T> extends Pace {
  /** Whether nothing moves now: then `quiet` counts. `"ended"`: nothing ever will, so nothing is asked for any more. */
  isQuiet?: (data: T) => boolean | "ended";
  /** False: not yet, because something is not known. */
  enabled?: boolean;
  /** While other parameters are read for the first time, the data of the earlier ones stays. For filters and search. */
  keepPrevious?: boolean;
}

export interface Live<T> {
  /** The last good answer. It stays while later polls fail, and is the same object while nothing changes. */
  data: T | undefined;
  /** Why the last poll failed; null when it did not. */
  error: ApiError | null;
  /** Neither an answer nor an error yet. */
  loading: boolean;
  /** Whether `data` is that of earlier parameters. */
  previous: boolean;
  /** When the last good answer came, by this machine's clock. 0: never. */
  readAt: number;
  /** Polls without an answer since then. */
  failures: number;
  /** Asks at once. */
  refresh: () => void;
}

/** What has to be known about a path besides its data. */
interface Pulse {
  etag: string | null;
  failures: number;
  polls: number;
  error: ApiError | null;
}

const pulses = new WeakMap<QueryClient, Map<string, Pulse>>();

function pulseOf(client: QueryClient, name: string): Pulse {
  const all = pulses.get(client) ?? new Map<string, Pulse>();
  pulses.set(client, all);
  const found = all.get(name) ?? { etag: null, failures: 0, polls: 0, error: null };
  all.set(name, found);
  return found;
}

/** The key under which the answer of a path is kept: for `invalidateQueries` after a write. */
export function keyOf(path: string, params: object = {}): readonly [string, object] {
  return [path, params];
}

/**
 * Reads a path and keeps it up to date with short polls. An answer 304 keeps the old object, so that nothing is drawn
 * again. Errors leave the last data on the screen and make the polls rarer; focus and a network that comes back ask at
 * once.
 */
export function useLive<P extends Get>(
  path: P,
  params: Asked<P, "get">,
  options: LiveOptions<Answer<P, "get">>,
): Live<Answer<P, "get">> {
  type T = Answer<P, "get">;
  const client = useQueryClient();
  const queryKey = keyOf(path, params);
  const name = JSON.stringify(queryKey);
  const query = useQuery<T, ApiError>({
    queryKey,
    enabled: options.enabled ?? true,
    queryFn: ({ signal }) => poll(client, name, path, params, signal),
    refetchInterval: (current) => interval(options, pulseOf(client, name), current.state.data),
    placeholderData: options.keepPrevious ? (before) => before : undefined,
  });
  const pulse = pulseOf(client, name);
  const error = query.error ?? pulse.error;
  return {
    data: query.data,
    error,
    loading: query.data === undefined && error === null,
    previous: query.isPlaceholderData,
    readAt: query.isPlaceholderData ? 0 : query.dataUpdatedAt,
    failures: pulse.failures,
    refresh: () => void query.refetch(),
  };
}

async function poll<P extends Get>(
  client: QueryClient,
  name: string,
  path: P,
  params: Asked<P, "get">,
  signal: AbortSignal,
): Promise<Answer<P, "get">> {
  const pulse = pulseOf(client, name);
  const known = client.getQueryData<Answer<P, "get">>(keyOf(path, params));
  const headers: Record<string, string> = known !== undefined && pulse.etag ? { "If-None-Match": pulse.etag } : {};
  pulse.polls += 1;
  try {
    const received = await request("get", path, { params, headers, signal });
    Object.assign(pulse, { etag: received.etag, failures: 0, error: null });
    if (received.data !== null) return received.data;
    if (known !== undefined) return known;
    throw new Error("304 for something that was never read");
  } catch (thrown) {
    if (!signal.aborted) {
      pulse.failures += 1;
      pulse.error = asApiError(thrown);
    }
    throw asApiError(thrown);
  }
}

function interval<T>(options: LiveOptions<T>, pulse: Pulse, data: T | undefined): number | false {
  const quiet = data === undefined ? false : (options.isQuiet?.(data) ?? false);
  if (quiet === "ended") return false;
  return nextPoll(options, {
    failures: pulse.failures,
    polls: pulse.polls,
    retryAfter: pulse.error?.retryAfter ?? null,
    visible: document.visibilityState === "visible",
    quiet,
  });
}
