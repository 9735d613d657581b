import {
  AccessIcon,
  AccountsIcon,
  AuditIcon,
  ImagesIcon,
  PoolsIcon,
  PromotionsIcon,
  TasksIcon,
} from "../../parts/icons";

/** The navigation: groups of links, relative to `/console`. */
export const PLACES = [
  { group: "Resources", links: [{ to: "/pools", text: "VDI Pools", icon: PoolsIcon }] },
  {
    group: "Images",
    links: [
      { to: "/images", text: "Global Images", icon: ImagesIcon },
      { to: "/promotions", text: "Promotions", icon: PromotionsIcon },
    ],
  },
  {
    group: "Activity",
    links: [
      { to: "/tasks", text: "Tasks", icon: TasksIcon },
      { to: "/audit", text: "Audit", icon: AuditIcon },
    ],
  },
  {
    group: "Settings",
    links: [
      { to: "/accounts", text: "Accounts", icon: AccountsIcon },
      { to: "/access", text: "Access", icon: AccessIcon },
    ],
  },
] as const;

/** Keys that follow `g`, and where they go. */
export const GO_TO: Readonly<Record<string, { to: string; text: string }>> = {
  p: { to: "/pools", text: "VDI Pools" },
  i: { to: "/images", text: "Global Images" },
  t: { to: "/tasks", text: "Tasks" },
};
