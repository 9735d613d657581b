import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/tasks/:task", load: () => import("./TaskPage") };
