import type { PageRoute } from "../../app/routes";

export const route: readonly PageRoute[] = [
  { path: "/images", load: () => import("./ImagesPage") },
  { path: "/images/:image", load: () => import("./ImagePage") },
];
