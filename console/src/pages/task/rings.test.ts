import { expect, it } from "vitest";

import { ringsOf, ringText } from "./rings";

const pool = (name: string, ring: number): never => ({ pool: name, ring }) as never;

it("groups pools by ring, the first ring first", () => {
  const rings = ringsOf([pool("office", 2), pool("lab", 0), pool("sales", 2)]);
  expect(rings.map(({ ring, pools }) => [ring, pools.length])).toEqual([
    [0, 1],
    [2, 2],
  ]);
});

it("says who has approved a ring, and which has not begun", () => {
  const task = { approvals: [{ ring: 1, by: "Ada", at: "" }], ring: 1 } as never;
  expect([0, 1, 2].map((ring) => ringText(ring, task))).toEqual([
    "Ring 0",
    "Ring 1, approved by Ada",
    "Ring 2, not begun",
  ]);
});
