export { serverNow } from "./clock";
export { request } from "./client";
export { keyOf, useLive, type Live } from "./live";
export { PACES, type Pace } from "./pace";
export { usePlanned, type PlannedOf } from "./plan";
export { ApiError } from "./problems";
export type { Answer, Asked, Body, HostState, Message, Model, Need, RolloutState, TaskState } from "./types";
export { hasOnlyFields, useWrite, type Writing } from "./write";
