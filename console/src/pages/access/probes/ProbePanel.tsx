import { Field, Input, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useStored, useWrite, type Model } from "../../../api";
import { useWhyNot } from "../../../app/session/session";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { PageSkeleton } from "../../../parts/PageSkeleton";
import { useTell } from "../../../parts/toasts";
import styles from "../access.module.css";
import { AccountField } from "../common/fields";

interface Props {
  /** Left out: a new one. */
  probe?: Pick<Model<"ProbeView">, "account" | "name">;
  onClose: () => void;
}

interface Form {
  script: string;
  timeout_minutes: string;
}

const EMPTY: Form = { script: "", timeout_minutes: "10" };

export function ProbePanel({ probe, onClose }: Props): ReactNode {
  const [account, setAccount] = useState(probe?.account ?? "");
  const [typed, setName] = useState(probe?.name ?? "");
  const [changes, setChanges] = useState<Partial<Form>>({});
  const name = typed.trim();
  const path = { account, probe: name };
  const stored = useStored("/api/access/probes/{account}/{probe}", { path }, Boolean(probe));
  const write = useWrite("put", "/api/access/probes/{account}/{probe}");
  const configure = useWhyNot("configure");
  const tell = useTell();
  const first = stored.data ? { script: stored.data.script, timeout_minutes: `${stored.data.timeout_minutes}` } : EMPTY;
  const form = { ...first, ...changes };

  async function send(): Promise<void> {
    const body = { script: form.script, timeout_minutes: Number(form.timeout_minutes) };
    const condition = probe ? { ifMatch: stored.etag } : { onlyNew: true };
    if (!(await write.send({ params: { path }, body, ...condition }))) return;
    tell(`The probe ${name} is saved`, "Rollouts that were requested before keep the old script.");
    onClose();
  }
  function again(): void {
    write.reset();
    stored.again();
  }
  const missing = !account ? "Choose an account first." : !name ? "Give it a name first." : null;
  const same = probe && Object.keys(changes).length === 0 ? "Nothing is changed yet." : null;
  return (
    <FormPanel
      title={probe ? `Probe ${probe.name} of ${probe.account}` : "Make a probe"}
      verb="Save the probe"
      whyNot={configure ?? missing ?? same ?? (form.script ? null : "Write the script first.")}
      busy={write.busy}
      problem={write.problem ?? stored.problem}
      fields={["probe", "script", "timeout_minutes"]}
      onReadAgain={again}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <AccountField value={account} fixed={Boolean(probe)} onChange={setAccount} />
      {!probe && (
        <Field label="Name" required hint="Pools and requests name it." {...said(write.fieldError("probe"))}>
          <Input value={typed} maxLength={63} spellCheck={false} onChange={(_, { value }) => setName(value)} />
        </Field>
      )}
      {probe && !stored.data ? (
        !stored.problem && <PageSkeleton />
      ) : (
        <>
          <Field
            label="Script (PowerShell)"
            hint="It runs as SYSTEM, before anybody can sign in there. No secrets."
            {...said(write.fieldError("script"))}
          >
            <Textarea
              className={`fc-mono ${styles.script}`}
              resize="vertical"
              spellCheck={false}
              readOnly={Boolean(configure)}
              value={form.script}
              onChange={(_, { value }) => setChanges({ ...changes, script: value })}
            />
          </Field>
          <Field label="Minutes until it counts as failed, at most 90" {...said(write.fieldError("timeout_minutes"))}>
            <Input
              inputMode="numeric"
              readOnly={Boolean(configure)}
              value={form.timeout_minutes}
              onChange={(_, { value }) => setChanges({ ...changes, timeout_minutes: value.trim() })}
            />
          </Field>
        </>
      )}
      {stored.data && (
        <p className="fc-small fc-muted fc-anywhere">
          SHA-256 of the stored script: <span className="fc-mono">{stored.data.digest}</span>
        </p>
      )}
    </FormPanel>
  );
}
