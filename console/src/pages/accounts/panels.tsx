import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useStored, useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { said } from "../../parts/form/Refusal";
import { FormPanel } from "../../parts/FormPanel";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { useTell } from "../../parts/toasts";
import { AccountFields, FIELDS } from "./AccountFields";
import { EMPTY, formOf, toRequest, type Form } from "./accounts";

interface RegisterProps {
  whyNot: string | null;
  onClose: () => void;
}

export function RegisterPanel({ whyNot, onClose }: RegisterProps): ReactNode {
  const [name, setName] = useState("");
  const [form, setForm] = useState<Form>(EMPTY);
  const write = useWrite("put", "/api/accounts/{account}");
  const tell = useTell();
  const account = name.trim();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account } }, body: toRequest(form), onlyNew: true }))) return;
    tell(`${account} is registered`, "Pools can be registered for it now.");
    onClose();
  }
  return (
    <FormPanel
      title="Register account"
      verb={account ? `Register ${account}` : "Register account"}
      whyNot={whyNot ?? (account ? null : "Give it a name first.")}
      busy={write.busy}
      problem={write.problem}
      fields={FIELDS}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <Field
        label="Name"
        required
        hint="Letters, digits, dot, dash and underscore. It cannot be changed, and the account cannot be deleted."
        {...said(write.fieldError("account"))}
      >
        <Input value={name} maxLength={63} spellCheck={false} onChange={(_, { value }) => setName(value)} />
      </Field>
      <AccountFields form={form} fieldError={write.fieldError} onChange={(change) => setForm({ ...form, ...change })} />
    </FormPanel>
  );
}

export function EditPanel({ name, onClose }: { name: string; onClose: () => void }): ReactNode {
  const stored = useStored("/api/accounts/{account}", { path: { account: name } });
  const [changes, setChanges] = useState<Partial<Form>>({});
  const write = useWrite("patch", "/api/accounts/{account}");
  const configure = useWhyNot("configure");
  const tell = useTell();
  const changed = Object.keys(changes).length > 0;

  async function send(): Promise<void> {
    const body = toRequest(changes);
    if (!(await write.send({ params: { path: { account: name } }, body, ifMatch: stored.etag }))) return;
    tell(`${name} is saved`, "It counts everywhere within half a minute.");
    onClose();
  }
  function again(): void {
    write.reset();
    stored.again();
  }
  return (
    <FormPanel
      title={`Edit ${name}`}
      verb={`Save ${name}`}
      whyNot={configure ?? (changed ? null : "Nothing is changed yet.")}
      busy={write.busy}
      problem={write.problem ?? stored.problem}
      fields={FIELDS}
      onReadAgain={again}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      {stored.data ? (
        <AccountFields
          form={{ ...formOf(stored.data), ...changes }}
          fieldError={write.fieldError}
          onChange={(change) => setChanges({ ...changes, ...change })}
        />
      ) : (
        !stored.problem && <PageSkeleton />
      )}
      <p className="fc-muted fc-small">An account cannot be deleted: the record names it.</p>
    </FormPanel>
  );
}
