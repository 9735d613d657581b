import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/pools/:pool", load: () => import("./PoolPage") };
