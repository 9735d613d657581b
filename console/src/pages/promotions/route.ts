import type { PageRoute } from "../../app/routes";

export const route: PageRoute = {
  path: "/promotions",
  load: () => import("./PromotionsPage"),
};
