import { Checkbox, Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { useSession } from "../../../app/session/session";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { useTell } from "../../../parts/toasts";
import { AccountsField } from "../common/fields";
import { nameOf, principalOf, whyNoGrant, type Grant } from "./grants";

interface Props {
  /** Left out: a new one. */
  grant?: Grant;
  grants: readonly Grant[];
  onClose: () => void;
}

export function GrantPanel({ grant, grants, onClose }: Props): ReactNode {
  const { about } = useSession();
  const [tenant, setTenant] = useState(about.auth.tenants[0] ?? "");
  const [object, setObject] = useState("");
  const [name, setName] = useState(grant?.name ?? "");
  const [program, setProgram] = useState(grant?.program ?? false);
  const [accounts, setAccounts] = useState<string[]>(grant?.accounts ?? []);
  const write = useWrite("put", "/api/access/grants/{principal}");
  const tell = useTell();
  const principal = grant?.principal ?? principalOf(tenant, object);
  const others = grants.filter((other) => other !== grant && other.principal !== grant?.principal);

  async function send(): Promise<void> {
    if (principal === null) return;
    const body = { accounts, name: name.trim(), program };
    if (!(await write.send({ params: { path: { principal } }, body }))) return;
    tell(`${name.trim() || principal} has the grant`, "It counts everywhere within half a minute.");
    onClose();
  }
  return (
    <FormPanel
      title={grant ? `Edit the grant of ${nameOf(grant)}` : "Give a grant"}
      verb={grant ? "Save the grant" : "Give the grant"}
      whyNot={whyNoGrant(principal, accounts, others)}
      busy={write.busy}
      problem={write.problem}
      fields={["principal", "accounts", "name", "program"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      {grant ? (
        <p className="fc-mono fc-anywhere">{grant.principal}</p>
      ) : (
        <>
          <Field label="Tenant id" required>
            <Input className="fc-mono" value={tenant} onChange={(_, { value }) => setTenant(value)} />
          </Field>
          <Field
            label="Object id"
            required
            hint="Of the user or the service principal, as Entra ID shows it"
            {...said(write.fieldError("principal"))}
          >
            <Input className="fc-mono" value={object} onChange={(_, { value }) => setObject(value)} />
          </Field>
        </>
      )}
      <Field label="Name" hint="Whose grant it is, for people" {...said(write.fieldError("name"))}>
        <Input value={name} maxLength={200} onChange={(_, { value }) => setName(value)} />
      </Field>
      <AccountsField value={accounts} error={write.fieldError("accounts")} onChange={setAccounts} />
      <Checkbox
        label="It is a program: it is not counted as a second person"
        checked={program}
        onChange={(_, { checked }) => setProgram(checked === true)}
      />
    </FormPanel>
  );
}
