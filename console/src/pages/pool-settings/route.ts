import type { PageRoute } from "../../app/routes";

export const route: readonly PageRoute[] = [
  { path: "/pools/new", load: () => import("./RegisterPoolPage") },
  { path: "/pools/:pool/settings", load: () => import("./PoolSettingsPage") },
];
