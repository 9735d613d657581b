import type { ComponentType, ReactNode } from "react";

import { useFilters } from "../../parts/filters";
import { PageHeader } from "../../parts/PageHeader";
import { Tabs } from "../../parts/Tabs";
import { CapsTab } from "./caps/CapsTab";
import { GrantsTab } from "./grants/GrantsTab";
import { KeysTab } from "./keys/KeysTab";
import { LimitsTab } from "./limits/LimitsTab";
import { ProbesTab } from "./probes/ProbesTab";
import { ProfilesTab } from "./profiles/ProfilesTab";

const TABS: readonly { id: string; text: string; Content: ComponentType }[] = [
  { id: "grants", text: "Grants", Content: GrantsTab },
  { id: "keys", text: "App keys", Content: KeysTab },
  { id: "limits", text: "Limits", Content: LimitsTab },
  { id: "caps", text: "Caps", Content: CapsTab },
  { id: "probes", text: "Probes", Content: ProbesTab },
  { id: "profiles", text: "Join profiles", Content: ProfilesTab },
];

/** Access: who has which accounts, keys of programs, and what nobody may go beyond. */
export default function AccessPage(): ReactNode {
  const filters = useFilters();
  const chosen = TABS.find(({ id }) => id === filters.get("tab")) ?? TABS[0];
  if (!chosen) return null;
  return (
    <>
      <PageHeader
        title="Access"
        tab={`Access, ${chosen.text}`}
        line="A change counts everywhere within half a minute."
      />
      <Tabs
        label="Parts of access"
        chosen={chosen.id}
        tabs={TABS}
        onChoose={(id) => filters.set({ tab: id === "grants" ? "" : id })}
      >
        <chosen.Content />
      </Tabs>
    </>
  );
}
