import { Checkbox, Field, Radio, RadioGroup } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { nameFrom } from "../../parts/form/armId";
import styles from "../../parts/form/form.module.css";
import { TextField } from "../../parts/form/TextField";
import type { Form } from "./form";

/** The fields of a request whose messages stand below a field of the form. */
export const SHOWN = ["image", "definition_id", "template_vm_id", "build_subnet_id", "accounts", "retention", "active"];

interface Props {
  form: Form;
  /** Whether the image is there already: its name stays. */
  existing: boolean;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

export function ImageFields(props: Props): ReactNode {
  const { form, existing, fieldError, onChange } = props;
  const withDefinition = (definition_id: string): void => {
    const own = existing || (form.name !== "" && form.name !== nameFrom(form.definition_id));
    onChange(own ? { definition_id } : { definition_id, name: nameFrom(definition_id) });
  };
  return (
    <>
      <section className="fc-card fc-section" aria-labelledby="what">
        <header>
          <h2 id="what">In Azure</h2>
          <span className="fc-muted fc-small">Paste a resource ID, or the address of its page in the portal.</span>
        </header>
        <div className={styles.fields}>
          <TextField
            label="Image definition"
            armId
            required
            value={form.definition_id}
            hint="Portal: Azure compute galleries, your gallery, the image definition, JSON View, Resource ID."
            error={fieldError("definition_id")}
            onChange={withDefinition}
          />
          <TextField
            label="Template VM (optional)"
            armId
            value={form.template_vm_id}
            hint="The VM that new versions are made from. Portal: Virtual machines, the VM, Properties, Resource ID."
            error={fieldError("template_vm_id")}
            onChange={(template_vm_id) => onChange({ template_vm_id })}
          />
          <TextField
            label="Subnet for building (optional)"
            armId
            value={form.build_subnet_id}
            hint="Where the template’s copy runs; empty: in the template’s own subnet. Portal: the virtual network, Properties, Resource ID; then /subnets/ and its name."
            error={fieldError("build_subnet_id")}
            onChange={(build_subnet_id) => onChange({ build_subnet_id })}
          />
          <TextField
            label="Name in Freshcoat"
            required
            disabled={existing}
            value={form.name}
            hint={existing ? "It stays." : "Letters, digits, dot, hyphen and underscore."}
            error={fieldError("image")}
            onChange={(name) => onChange({ name })}
          />
          {!existing && (
            <TextField
              label="Version in use now (optional)"
              value={form.active}
              placeholder="The newest"
              hint="Which version of the gallery hosts are made from, such as 1.4.0."
              error={fieldError("active")}
              onChange={(active) => onChange({ active })}
            />
          )}
        </div>
      </section>
      <Accounts {...props} />
      <Retention {...props} />
    </>
  );
}

function Accounts({ form, fieldError, onChange }: Props): ReactNode {
  const accounts = useLive("/api/accounts", { query: { limit: 500 } }, PACES.settings);
  const names = [...new Set([...(accounts.data?.items.map(({ name }) => name) ?? []), ...form.accounts])].sort();
  const error = fieldError("accounts");
  const choose = (name: string, chosen: boolean): void => {
    const others = form.accounts.filter((each) => each !== name);
    onChange({ accounts: chosen ? [...others, name] : others });
  };
  return (
    <section className="fc-card fc-section" aria-labelledby="accounts">
      <header>
        <h2 id="accounts">Accounts that may use it</h2>
      </header>
      <Field validationMessage={error} validationState={error ? "error" : "none"}>
        <RadioGroup
          aria-labelledby="accounts"
          value={form.everyone ? "all" : "some"}
          onChange={(_, { value }) => onChange({ everyone: value === "all" })}
        >
          <Radio value="all" label="Every account" />
          <Radio value="some" label="Only these" />
        </RadioGroup>
      </Field>
      {!form.everyone && (
        <div className={styles.list} role="group" aria-labelledby="accounts">
          {names.map((name) => (
            <Checkbox
              key={name}
              label={name}
              checked={form.accounts.includes(name)}
              onChange={(_, { checked }) => choose(name, checked === true)}
            />
          ))}
        </div>
      )}
    </section>
  );
}

function Retention({ form, fieldError, onChange }: Props): ReactNode {
  return (
    <section className="fc-card fc-section" aria-labelledby="retention">
      <header>
        <h2 id="retention">Versions to roll back to</h2>
        <span className="fc-muted fc-small">Others are deleted from the gallery when nothing uses them.</span>
      </header>
      <div className={styles.fields}>
        <TextField
          label="Keep the last"
          numeric
          value={form.backups}
          hint="Versions, besides the one in use."
          error={fieldError("retention.backups")}
          onChange={(backups) => onChange({ backups })}
        />
        <TextField
          label="And those replaced within days"
          numeric
          value={form.days}
          hint="However many they are."
          error={fieldError("retention.days")}
          onChange={(days) => onChange({ days })}
        />
      </div>
    </section>
  );
}
