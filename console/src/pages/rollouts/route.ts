import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/rollouts", load: () => import("./RolloutsPage") };
