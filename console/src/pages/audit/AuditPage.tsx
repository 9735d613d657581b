import type { ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { EmptyState } from "../../parts/EmptyState";
import { useFilters } from "../../parts/filters";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { Tabs } from "../../parts/Tabs";
import { queryOf } from "./audit";
import { CsvButton } from "./CsvButton";
import { EntriesTab } from "./EntriesTab";
import { RefusalsTab } from "./RefusalsTab";
import { useVerify, VerifyButton, VerifyResult } from "./Verify";

const TABS = [
  { id: "entries", text: "Entries" },
  { id: "refusals", text: "Refused" },
];

/** Audit: who did what, when and to what; whether the record is whole; what was refused. */
export default function AuditPage(): ReactNode {
  const filters = useFilters();
  const whyNot = useWhyNot("audit");
  const query = queryOf(filters);
  const options = { ...PACES.settings, enabled: whyNot === null, keepPrevious: true };
  const entries = useLive("/api/audit", { query }, options);
  const verify = useVerify();
  const tab = filters.get("tab") === "refusals" ? "refusals" : "entries";
  return (
    <>
      <PageHeader
        title="Audit"
        beside={<LiveMark live={entries} />}
        line="Changes are shown. The record also has an entry before each request is carried out, and one when it has ended."
        actions={
          <>
            <VerifyButton whyNot={whyNot} verify={verify} />
            <CsvButton whyNot={whyNot} query={query} />
          </>
        }
      />
      <LostBar live={entries} />
      <VerifyResult verify={verify} />
      {whyNot === null ? (
        <Tabs
          label="Parts of the record"
          chosen={tab}
          tabs={TABS}
          onChoose={(id) => filters.set({ tab: id === "entries" ? "" : id })}
        >
          {tab === "entries" ? <EntriesTab entries={entries} filters={filters} /> : <RefusalsTab filters={filters} />}
        </Tabs>
      ) : (
        <div className="fc-card">
          <EmptyState text={whyNot} />
        </div>
      )}
    </>
  );
}
