export { serverNow } from "./clock";
export { request } from "./client";
export { keyOf, useLive, type Live } from "./live";
export { PACES, type Pace } from "./pace";
export { ApiError } from "./problems";
export { useStored, type Stored } from "./stored";
export type { Answer, Asked, Body, HostState, Message, Model, Need, RolloutState, TaskState } from "./types";
export { hasOnlyFields, useWrite, type Writing } from "./write";
