import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/accounts", load: () => import("./AccountsPage") };
