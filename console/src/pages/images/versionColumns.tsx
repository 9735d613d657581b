import type { ReactNode } from "react";

import type { Action } from "../../parts/ActionsMenu";
import { Pill, type Tone } from "../../parts/states";
import { actionsColumn } from "../../parts/table/columns";
import type { Column } from "../../parts/table/DataTable";
import { Time } from "../../parts/time";
import { versionStateText, type Asked, type Image, type Version } from "./images";

const TONES: Readonly<Record<string, Tone>> = { active: "ok", staged: "work", failed: "bad", capturing: "work" };

/** The columns of the table of versions. */
export function versionColumns(image: Image, ask: (asked: Asked) => void): readonly Column<Version>[] {
  return [
    { id: "version", header: "Version", main: true, width: "110px", cell: ({ version }) => version },
    { id: "state", header: "State", width: "170px", cell: (version) => <State of={version} /> },
    { id: "test", header: "Test", cell: ({ verdict }) => <Verdict of={verdict} /> },
    { id: "notes", header: "Notes", cell: ({ notes }) => notes, wideOnly: true },
    { id: "made", header: "Made", width: "150px", cell: ({ created_at: at }) => at && <Time at={at} /> },
    { id: "where", header: "Replicas", cell: replicasText, wideOnly: true },
    { id: "used", header: "Pools", cell: ({ used_by: pools }) => pools.join(", ") || "None" },
    actionsColumn(
      ({ version }) => `version ${version}`,
      (version) => actionsOf(image, version, ask),
    ),
  ];
}

function actionsOf(image: Image, { version, state }: Version, ask: (asked: Asked) => void): Action[] {
  const isTestable = state === "staged" || state === "active" || state === "backup";
  const isRemovable = state === "staged" || state === "backup";
  return [
    {
      text: "Record verdict",
      whyNot: isTestable ? null : "Only for versions that are staged, current or kept.",
      onClick: () => ask({ what: "verdict", image, version }),
    },
    {
      text: state === "staged" ? "Discard" : "Remove",
      whyNot: isRemovable ? null : "Only for staged versions and backups.",
      onClick: () => ask({ what: "discard", image, version }),
      apart: true,
    },
  ];
}

function State({ of }: { of: Version }): ReactNode {
  return (
    <div>
      <Pill tone={(of.state && TONES[of.state]) || "plain"}>{versionStateText(of)}</Pill>
      {of.rolled_back && <div className="fc-muted fc-small">Rolled back from</div>}
      {of.detail && <div className="fc-muted fc-small">{of.detail}</div>}
    </div>
  );
}

function Verdict({ of: verdict }: { of: Version["verdict"] }): ReactNode {
  if (!verdict) return "Not tested";
  return (
    <div>
      <Pill tone={verdict.result === "passed" ? "ok" : "bad"}>{verdict.result === "passed" ? "Passed" : "Failed"}</Pill>
      <div className="fc-muted fc-small">
        {verdict.by}, <Time at={verdict.at} />
      </div>
      {verdict.note && <div className="fc-small">{verdict.note}</div>}
    </div>
  );
}

function replicasText({ replicas }: Version): string {
  return Object.entries(replicas)
    .map(([region, count]) => `${count} in ${region}`)
    .join(", ");
}
