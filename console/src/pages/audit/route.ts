import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/audit", load: () => import("./AuditPage") };
