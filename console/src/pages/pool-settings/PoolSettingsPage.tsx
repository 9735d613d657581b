import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { Link, useLocation, useParams } from "wouter";

import { useStored, useWrite, type Stored } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { FormPage } from "../../parts/form/FormPage";
import { useEdited } from "../../parts/form/rebase";
import { StoredPage } from "../../parts/form/StoredPage";
import { PageHeader } from "../../parts/PageHeader";
import { useTell } from "../../parts/toasts";
import { formOf, toPatch, whatIsMissing, type Pool } from "./form";
import { PoolFields, SHOWN } from "./PoolFields";

/** The settings of a pool. Only what was changed is sent. */
export default function PoolSettingsPage(): ReactNode {
  const { pool: name } = useParams<{ pool: string }>();
  const stored = useStored("/api/pools/{pool}", { path: { pool: name } });
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
      <StoredPage of={stored}>{(pool) => <SettingsForm pool={pool} stored={stored} />}</StoredPage>
    </>
  );
}

function SettingsForm({ pool, stored }: { pool: Pool; stored: Stored<Pool> }): ReactNode {
  const { before, form, change } = useEdited(pool, formOf);
  const write = useWrite("patch", "/api/pools/{pool}");
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("configure");
  const tell = useTell();
  const patch = toPatch(before, form);
  const same = Object.keys(patch).length === 0 ? "Nothing has changed." : null;
  const rollout = pool.running_rollout;

  async function send(): Promise<void> {
    const saved = await write.send({ params: { path: { pool: pool.name } }, body: patch, ifMatch: stored.etag });
    if (!saved) return;
    tell("Saved", saved.note?.text);
    navigate(`/pools/${pool.name}?tab=policy`);
  }

  return (
    <FormPage
      verb="Save settings"
      whyNot={mayNot ?? whatIsMissing(form) ?? same}
      busy={write.busy}
      problem={write.problem}
      fields={SHOWN}
      onReadAgain={() => (write.reset(), stored.again())}
      onSubmit={() => void send()}
      back={`/pools/${pool.name}`}
    >
      {rollout && <Runs rollout={rollout.id} />}
      <PoolFields form={form} existing runs={Boolean(rollout)} fieldError={write.fieldError} onChange={change} />
    </FormPage>
  );
}

function Runs({ rollout }: { rollout: string }): ReactNode {
  return (
    <MessageBar intent="info" layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>A rollout runs.</MessageBarTitle> Host pool, image, ring and account can be changed when it has
        ended. <Link href={`/rollouts/${rollout}`}>Show the rollout</Link>
      </MessageBarBody>
    </MessageBar>
  );
}
