/** What an update keeps, in words for the greyed fields. Pure. */

import type { Model } from "../../api";
import { hostsText } from "../../parts/dialog";

type Kept = Model<"KeptView">;

const UNKNOWN = "As each host has it";

/** `D4s v5`, or with numbers where there are several: `D4s v5: 56 hosts, D8s v5: 4 hosts`. */
export function sizesText(kept: Pick<Kept, "vm_sizes"> | undefined): string {
  const sizes = Object.entries(kept?.vm_sizes ?? {}).map(([size, hosts]) => [nameOfSize(size), hosts] as const);
  return listed(sizes);
}

/** `vnet-desktops / snet-avd`, with numbers where there are several. */
export function networksText(kept: Pick<Kept, "networks"> | undefined): string {
  return listed((kept?.networks ?? []).map(({ vnet, subnet, hosts }) => [`${vnet} / ${subnet}`, hosts] as const));
}

function listed(parts: readonly (readonly [name: string, hosts: number])[]): string {
  if (parts.length < 2) return parts[0]?.[0] ?? UNKNOWN;
  const most = [...parts].sort(([, one], [, other]) => other - one);
  return most.map(([name, hosts]) => `${name}: ${hostsText(hosts)}`).join(", ");
}

function nameOfSize(size: string): string {
  return size.replace(/^Standard_/, "").replaceAll("_", " ");
}
