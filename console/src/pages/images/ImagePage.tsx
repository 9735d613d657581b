import { Button, MessageBar, MessageBarBody, Switch } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useParams } from "wouter";

import { PACES, useLive, type Live } from "../../api";
import { ActionsMenu } from "../../parts/ActionsMenu";
import { EmptyState } from "../../parts/EmptyState";
import { LiveMark, LostBar } from "../../parts/LiveMark";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { ProblemBar } from "../../parts/ProblemBar";
import { DataTable } from "../../parts/table/DataTable";
import { useImageActions } from "./actions";
import { ImageDialog } from "./dialogs/ImageDialog";
import { accountsText, powerText, shownVersions, verdictText, type Asked, type Image } from "./images";
import styles from "./images.module.css";
import { ImageTasks } from "./ImageTasks";
import { versionColumns } from "./versionColumns";

/** One image: what is current and what is staged, its versions, what goes on. */
export default function ImagePage(): ReactNode {
  const { image: name } = useParams<{ image: string }>();
  const live = useLive("/api/images/{image}", { path: { image: name } }, PACES.lists);
  const crumbs = [["Global Images", "/images"]] as const;
  if (live.data) return <Shown image={live.data} live={live} />;
  if (!live.error) return <PageSkeleton />;
  return (
    <>
      <PageHeader title={name} crumbs={crumbs} />
      <ProblemBar problem={live.error} actions={<Button onClick={live.refresh}>Try again</Button>} />
    </>
  );
}

function Shown({ image, live }: { image: Image; live: Live<Image> }): ReactNode {
  const [asked, setAsked] = useState<Asked | null>(null);
  const actionsOf = useImageActions(setAsked);
  return (
    <>
      <PageHeader
        title={image.name}
        crumbs={[["Global Images", "/images"]]}
        beside={<LiveMark live={live} />}
        line={`For ${image.accounts === null ? "all accounts" : accountsText(image)}.`}
        actions={<ActionsMenu of={image.name} text="Actions" actions={actionsOf(image)} />}
      />
      <LostBar live={live} />
      {(image.problem || image.advice) && (
        <MessageBar intent="warning" layout="multiline" className="fc-message">
          <MessageBarBody>{[image.problem, image.advice?.text].filter(Boolean).join(" ")}</MessageBarBody>
        </MessageBar>
      )}
      <div className={styles.facts}>
        <Fact
          name="Current version"
          value={image.current ?? "None"}
          line={image.current && verdictText(image.current_verdict)}
        />
        <Fact name="Staged version" value={image.staged ?? "None"} line={image.staged && verdictText(image.verdict)} />
        <Fact name="Roll back to" value={image.roll_back_to ?? "No backup"} line={backupsText(image)} />
        <Fact name="Template VM" value={powerText(image)} line={image.template_vm_id.split("/").at(-1)} />
      </div>
      <ImageTasks image={image.name} />
      <Versions image={image} onAsk={setAsked} />
      {asked && <ImageDialog asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Fact({ name, value, line }: { name: string; value: string; line?: string | null }): ReactNode {
  return (
    <div className="fc-card">
      <div className="fc-muted fc-small">{name}</div>
      <div className={styles.value}>{value}</div>
      {line && <div className="fc-muted fc-small fc-anywhere">{line}</div>}
    </div>
  );
}

function backupsText({ backups }: Image): string {
  return backups.length > 1 ? `Backups: ${backups.join(", ")}` : "";
}

function Versions({ image, onAsk }: { image: Image; onAsk: (asked: Asked) => void }): ReactNode {
  const [withGone, setWithGone] = useState(false);
  const versions = useLive("/api/images/{image}/versions", { path: { image: image.name } }, PACES.lists);
  return (
    <section aria-labelledby="versions">
      <div className="fc-bar">
        <h2 id="versions">Versions</h2>
        <span className="fc-push">
          <Switch
            label="Also those that are gone"
            checked={withGone}
            onChange={(_, { checked }) => setWithGone(checked)}
          />
        </span>
      </div>
      <DataTable
        label="Versions"
        columns={versionColumns(image, onAsk)}
        rows={versions.data && shownVersions(versions.data.items, withGone)}
        keyOf={({ version }) => version}
        live={versions}
        empty={<EmptyState text="No version yet. Set as image makes the first one from the template VM." />}
      />
    </section>
  );
}
