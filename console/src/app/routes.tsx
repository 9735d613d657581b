import { lazy, type ComponentType } from "react";

/** What `pages/<page>/route.ts` exports: the address of a page, and where its code is. */
export type PageRoute = {
  /** Relative to `/console`, with parameters as `:pool`. */
  path: string;
} & (
  | { load: () => Promise<{ default: ComponentType }> }
  /** Loaded with the frame. */
  | { Page: ComponentType }
);

export interface Page {
  path: string;
  Page: ComponentType;
}

const modules = import.meta.glob<{ route: PageRoute | readonly PageRoute[] }>("../pages/*/route.ts", { eager: true });

/** Every page. Paths without parameters come first, so that `/pools/new` is not the pool "new". */
export const PAGES: readonly Page[] = Object.values(modules)
  .flatMap(({ route }) => route)
  .map((route) => ({ path: route.path, Page: "load" in route ? lazy(route.load) : route.Page }))
  .sort((one, other) => rank(one.path) - rank(other.path));

function rank(path: string): number {
  return path.split("/").filter((part) => part.startsWith(":")).length;
}
