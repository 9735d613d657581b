import type { Model } from "../../api";

export type Pool = Model<"PoolView">;

export interface Step {
  title: string;
  text: string;
  /** The button, and where it leads. */
  verb: string;
  to: string;
  needs: "configure" | "plan";
  whyNot: string | null;
  done: boolean;
}

/** Whether nobody has got further than a first pool that has never been updated. */
export function isFirstVisit(pools: readonly Pick<Pool, "running_rollout" | "last_rollout">[]): boolean {
  return pools.length <= 1 && pools.every((pool) => !pool.running_rollout && !pool.last_rollout);
}

/** The steps of a first visit. Pure. */
export function firstSteps(images: readonly string[], pools: readonly Pick<Pool, "name">[]): Step[] {
  const [image, pool] = [images[0], pools[0]?.name];
  const others = images.length > 1 ? ` and ${images.length - 1} more` : "";
  return [
    {
      title: "Register an image",
      text: image ? `${image}${others}` : "A definition in a compute gallery, and the VM that versions are made from.",
      verb: "Register image",
      to: "/images/new",
      needs: "configure",
      whyNot: null,
      done: Boolean(image ?? pool),
    },
    {
      title: "Register a pool",
      text: pool ?? "An AVD host pool, and the image that its hosts get.",
      verb: "Register pool",
      to: images.length === 1 ? `/pools/new?image=${image}` : "/pools/new",
      needs: "configure",
      whyNot: image ? null : "Register an image first.",
      done: Boolean(pool),
    },
    {
      title: "See what a first update would do",
      text: "Hosts, people, checks and the expected end. Nothing is written before you publish.",
      verb: "See the plan",
      to: `/pools/${pool}/update-image`,
      needs: "plan",
      whyNot: pool ? null : "Register a pool first.",
      done: false,
    },
  ];
}
