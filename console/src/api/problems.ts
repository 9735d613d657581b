import type { Model } from "./types";

export type ProblemBody = Partial<Model<"Problem">> & { need?: string };

/** An answer that is no success, or no answer at all (`status` 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly problem: ProblemBody,
    /** Seconds until it is worth asking again, if the app said so. */
    readonly retryAfter: number | null = null,
  ) {
    super(problem.detail ?? problem.title ?? "Something went wrong.");
  }

  get title(): string {
    return this.problem.title ?? "Something went wrong";
  }

  /** For programs: `plan-changed`, `not-found`, … */
  get kind(): string {
    return (this.problem.type ?? "").replace("urn:freshcoat:", "");
  }

  /** Whether nobody knows if the request was carried out: it may be sent again with the same key. */
  get isLost(): boolean {
    return this.status === 0 || this.status >= 500;
  }

  /** The messages by field: `schedule.deadline` -> "this is in the past". */
  get fields(): Readonly<Record<string, string>> {
    return Object.fromEntries((this.problem.errors ?? []).map((error) => [error.field, error.message]));
  }
}

export const UNREACHABLE: ProblemBody = {
  type: "urn:freshcoat:unreachable",
  title: "The app cannot be reached",
  detail: "There was no answer. Check your network; the page tries again by itself.",
};

/** The error that an answer stands for. Answers of proxies are no problem documents and get words of their own. */
export function readProblem(response: Response, body: unknown): ApiError {
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const problem = isProblem(body) ? body : withoutWords(response.status);
  return new ApiError(response.status, problem, Number.isNaN(wait) ? null : wait);
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "title" in body;
}

function withoutWords(status: number): ProblemBody {
  return {
    type: "urn:freshcoat:unexpected",
    title: "Something went wrong",
    detail: `The answer was ${status} without an explanation. Try again in a minute.`,
    status,
  };
}

/** Any thrown value as an ApiError. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, UNREACHABLE);
}
