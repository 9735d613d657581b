import { vi } from "vitest";

/** A request that a page has sent. */
export interface SentRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
}

type Reply = unknown | ((sent: SentRequest) => unknown);

/** The API in memory: `"GET /api/pools"` -> JSON, or a function of the request. An `Answer` has a status of its own. */
export class FakeApi {
  readonly sent: SentRequest[] = [];
  private readonly replies = new Map<string, Reply>();

  constructor(replies: Readonly<Record<string, Reply>> = {}) {
    for (const [what, reply] of Object.entries({ ...SIGNED_IN, ...replies })) this.on(what, reply);
    vi.stubGlobal("fetch", (request: Request) => this.answer(request));
  }

  on(what: string, reply: Reply): this {
    this.replies.set(what, reply);
    return this;
  }

  /** The requests with this method and path, the last one last. */
  requests(what: string): SentRequest[] {
    return this.sent.filter(({ method, path }) => `${method} ${path}` === what);
  }

  private async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const text = request.method === "GET" ? "" : await request.text();
    const body: unknown = text ? JSON.parse(text) : null;
    const { method, headers } = request;
    const sent = { method, path: url.pathname, query: url.searchParams, headers, body };
    this.sent.push(sent);
    const reply = this.replies.get(`${method} ${url.pathname}`);
    if (reply === undefined) return new Answer(404, { title: "Not found", detail: `No ${url.pathname}` }).response();
    const given: unknown = typeof reply === "function" ? reply(sent) : reply;
    return given instanceof Answer ? given.response() : new Answer(200, given).response();
  }
}

/** An answer with another status than 200. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown = null,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  response(): Response {
    const type = this.status >= 400 ? "application/problem+json" : "application/json";
    const headers = { "Content-Type": type, Date: new Date().toUTCString(), ...this.headers };
    const empty = this.status === 204 || this.status === 304;
    return new Response(empty ? null : JSON.stringify(this.body), { status: this.status, headers });
  }
}

export function me(...roles: string[]): object {
  const may = roles.includes("operator") ? ["read", "plan", "publish", "steer"] : ["read"];
  const all = [...may, "plan", "publish", "steer", "approve", "configure", "audit"];
  return {
    name: "somebody@contoso.com",
    id: "somebody",
    signed_in_by: "development",
    roles,
    accounts: ["*"],
    may: roles.includes("admin") ? [...new Set(all)] : may,
  };
}

const SIGNED_IN: Readonly<Record<string, Reply>> = {
  "GET /api/about": {
    name: "Freshcoat",
    environment: "test",
    version: "1",
    simulated: true,
    auth: { kind: "development", tenants: [], client_id: "", scope: "", authority: "" },
    now: "2026-11-30T12:00:00Z",
  },
  "GET /api/me": me("admin"),
  "GET /api/overview": { needs_you: [], open_rollouts: 0, running_tasks: 0 },
  "GET /api/rollouts": { items: [], continuation: null },
};
