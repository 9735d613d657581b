import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation, useParams } from "wouter";

import { hasOnlyFields, PACES, useLive, useWrite, type Model } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { ProblemBar } from "../../parts/ProblemBar";
import { useTell } from "../../parts/toasts";
import { formOf, toPatch, whatIsMissing } from "./form";
import { PoolFields } from "./PoolFields";
import styles from "./pool-settings.module.css";

const SHOWN = ["host_pool_id", "account", "image", "time_zone", "join", "policy"];

/** The settings of a pool. Only what was changed is sent. */
export default function PoolSettingsPage(): ReactNode {
  const { pool: name } = useParams<{ pool: string }>();
  const pool = useLive("/api/pools/{pool}", { path: { pool: name } }, PACES.settings);
  return (
    <>
      <PageHeader
        title={`Settings of ${name}`}
        crumbs={[
          ["VDI Pools", "/pools"],
          [name, `/pools/${name}`],
        ]}
        line="A rollout that runs keeps the settings with which it began."
      />
      {!pool.data && pool.error && (
        <ProblemBar problem={pool.error} actions={<Button onClick={pool.refresh}>Try again</Button>} />
      )}
      {pool.loading && <PageSkeleton />}
      {pool.data && <SettingsForm pool={pool.data} />}
    </>
  );
}

/** Begins with the pool as it was read first: later reads do not change what is typed. */
function SettingsForm({ pool }: { pool: Model<"PoolView"> }): ReactNode {
  const [before] = useState(() => formOf(pool));
  const [form, setForm] = useState(before);
  const write = useWrite("patch", "/api/pools/{pool}");
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("configure");
  const tell = useTell();
  const patch = toPatch(before, form);
  const same = Object.keys(patch).length === 0 ? "Nothing has changed." : null;

  async function send(): Promise<void> {
    const saved = await write.send({ params: { path: { pool: pool.name } }, body: patch });
    if (!saved) return;
    tell("Saved", saved.note?.text);
    navigate(`/pools/${pool.name}?tab=policy`);
  }

  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
      {write.problem && !hasOnlyFields(write.problem, SHOWN) && <ProblemBar problem={write.problem} />}
      <PoolFields
        form={form}
        existing
        fieldError={write.fieldError}
        onChange={(change) => setForm((old) => ({ ...old, ...change }))}
      />
      <div className="fc-row">
        <ActionButton
          appearance="primary"
          whyNot={mayNot ?? whatIsMissing(form) ?? same}
          busy={write.busy}
          onClick={() => void send()}
        >
          Save settings
        </ActionButton>
        <Button onClick={() => navigate(`/pools/${pool.name}`)}>Cancel</Button>
      </div>
    </form>
  );
}
