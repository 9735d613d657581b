import { useState, type ReactNode } from "react";

import { readText, saveFile, serverNow, type ApiError } from "../../api";
import { asApiError } from "../../api/problems";
import { ActionButton } from "../../parts/ActionButton";
import { ProblemBar } from "../../parts/ProblemBar";
import { useTell } from "../../parts/toasts";
import { joinCsv, type AuditQuery } from "./audit";

/** Entries of a request, and the most requests of one file. */
const LIMIT = 500;
const MOST_PAGES = 40;

/** Saves what the filters accept as CSV, from the newest entry on. */
export function CsvButton({ whyNot, query }: { whyNot: string | null; query: AuditQuery }): ReactNode {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const tell = useTell();

  async function save(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      const { csv, more } = await readAll(query);
      const name = `freshcoat-audit-${new Date(serverNow()).toISOString().slice(0, 10)}.csv`;
      saveFile(name, csv, "text/csv;charset=utf-8");
      tell(`${name} is saved`, more ? "There is more than fits. Choose a shorter time for the rest." : undefined);
    } catch (thrown) {
      setProblem(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      <ActionButton whyNot={whyNot} busy={busy} onClick={() => void save()}>
        {busy ? "Reading …" : "Download CSV"}
      </ActionButton>
      {problem && <ProblemBar problem={problem} />}
    </>
  );
}

async function readAll(query: AuditQuery): Promise<{ csv: string; more: boolean }> {
  const asked = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  asked.set("limit", String(LIMIT));
  asked.set("format", "csv");
  asked.delete("continuation");
  const pages: string[] = [];
  for (;;) {
    const page = await readText("/api/audit", asked);
    pages.push(page.text);
    if (!page.continuation || pages.length >= MOST_PAGES) {
      return { csv: joinCsv(pages), more: page.continuation !== null };
    }
    asked.set("continuation", page.continuation);
  }
}
