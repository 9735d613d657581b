import type { components, paths } from "../schema";

/** The paths of the API that take this method. */
export type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

export type Method = "get" | "post" | "put" | "patch" | "delete";

type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;

type Good = 200 | 201 | 202;
type Json<R> = R extends { content: { "application/json": infer B } } ? B : never;

/** The JSON of a good answer. */
export type Answer<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? { [S in keyof R & Good]: Json<R[S]> }[keyof R & Good] : never;

/** The parameters in path and query, as the document declares them. */
export interface Asked<P extends keyof paths, M extends Method> {
  path?: Operation<P, M> extends { parameters: { path: infer V } } ? V : never;
  query?: Operation<P, M> extends { parameters: { query?: infer V } } ? V : never;
}

/** The JSON of a request. */
export type Body<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { "application/json": infer B } } } ? B : undefined;

/** A model of the OpenAPI document: `Model<"PoolView">`. */
export type Model<N extends keyof components["schemas"]> = components["schemas"][N];

export type RolloutState = Model<"RolloutState">;
export type HostState = Model<"HostState">;
export type TaskState = Model<"TaskState">;
export type Message = Model<"Message">;
export type Need = Model<"Need">;
