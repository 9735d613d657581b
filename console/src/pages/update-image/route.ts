import type { PageRoute } from "../../app/routes";

export const route: PageRoute = { path: "/pools/:pool/update-image", load: () => import("./UpdateImagePage") };
