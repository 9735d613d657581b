/** Addresses of the console and of Azure's portal. Pure. */

const PAGES: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/rollouts\/([^/]+)/, "/rollouts/$1"],
  [/^\/api\/pools\/([^/]+)/, "/pools/$1"],
  [/^\/api\/images\/([^/]+)/, "/images/$1"],
  [/^\/api\/tasks\/([^/]+)/, "/tasks/$1"],
  [/^\/api\/promotions\/([^/]+)/, "/promotions/$1"],
];

/** The page that shows what this path of the API is about. Null when none does. */
export function placeOf(href: string | null | undefined): string | null {
  if (!href) return null;
  const found = PAGES.find(([pattern]) => pattern.test(href));
  return found ? href.replace(new RegExp(`${found[0].source}.*$`), found[1]) : null;
}

/** The portal's page of an ARM id. */
export function portalOf(armId: string): string {
  return `https://portal.azure.com/#@/resource${armId}/overview`;
}
