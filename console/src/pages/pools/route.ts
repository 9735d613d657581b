import type { PageRoute } from "../../app/routes";
import PoolsPage from "./PoolsPage";

/** Where most visits begin: its code comes with the frame's, in the same file. */
export const route: PageRoute = { path: "/pools", Page: PoolsPage };
