import type { PageRoute } from "../../app/routes";

export const route: readonly PageRoute[] = [
  { path: "/images/new", load: () => import("./RegisterImagePage") },
  { path: "/images/:image/settings", load: () => import("./ImageSettingsPage") },
];
