import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/access", load: () => import("./AccessPage") };
