import { Checkbox, Field, Input, Select } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { FieldGroup } from "../../../parts/FieldGroup";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { WindowsField } from "../../../parts/policy/WindowsField";
import { useTell } from "../../../parts/toasts";
import { AccountField } from "../common/fields";
import { EMPTY, formOf, MODES, RINGS, toRequest, TWO_PEOPLE, type Form, type Limits, type Ring } from "./limits";

interface Props {
  /** Left out: for a ring without. */
  limits?: Limits;
  all: readonly Limits[];
  onClose: () => void;
}

const NUMBERS = [
  ["least_min_available", "At least accepting people (hosts or %)", "Policies and requests may not ask for less."],
  ["most_max_unavailable", "At most rebuilt at once (hosts or %)", "Policies and requests may not ask for more."],
  ["least_canary_hosts", "Hosts that must prove the version first, at least", ""],
  ["notice_minutes", "Least notice, in minutes", "Between a request, or a deadline moved nearer, and the sign-out."],
] as const;

export function LimitsPanel({ limits, all, onClose }: Props): ReactNode {
  const [account, setAccount] = useState(limits?.account ?? "");
  const [ring, setRing] = useState<Ring>(limits?.ring ?? "production");
  const [form, setForm] = useState<Form>(limits ? formOf(limits) : EMPTY);
  const write = useWrite("put", "/api/access/limits/{account}/{ring}");
  const tell = useTell();
  const there = !limits && all.some((each) => each.account === account && each.ring === ring);

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account, ring } }, body: toRequest(form) }))) return;
    tell(`Limits of ${account}, ring ${ring}, are set`, "They bind every request, also those that fall due later.");
    onClose();
  }
  return (
    <FormPanel
      title={limits ? `Limits of ${account}, ring ${ring}` : "Set limits"}
      verb={limits ? "Save the limits" : "Set the limits"}
      whyNot={account ? (there ? "This ring has limits. Edit those." : null) : "Choose an account first."}
      busy={write.busy}
      problem={write.problem}
      fields={[...NUMBERS.map(([name]) => name), "modes", "windows", "two_people"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <AccountField value={account} fixed={Boolean(limits)} onChange={setAccount} />
      <Field label="Ring">
        <Select
          value={ring}
          disabled={Boolean(limits)}
          onChange={(_, { value }) => setRing(RINGS.find((each) => each === value) ?? ring)}
        >
          {RINGS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </Select>
      </Field>
      <LimitFields form={form} fieldError={write.fieldError} onChange={(change) => setForm({ ...form, ...change })} />
    </FormPanel>
  );
}

interface FieldsProps {
  form: Form;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

function LimitFields({ form, fieldError, onChange }: FieldsProps): ReactNode {
  const { modes } = form;
  return (
    <>
      {NUMBERS.map(([name, label, hint]) => (
        <Field key={name} label={label} hint={hint} {...said(fieldError(name))}>
          <Input placeholder="No limit" value={form[name]} onChange={(_, { value }) => onChange({ [name]: value })} />
        </Field>
      ))}
      <FieldGroup label="Allowed schedules" hint="None ticked: all are allowed." error={fieldError("modes")}>
        {MODES.map(([mode, text]) => (
          <Checkbox
            key={mode}
            label={text}
            checked={modes.includes(mode)}
            onChange={(_, { checked }) =>
              onChange({ modes: checked ? [...modes, mode] : modes.filter((each) => each !== mode) })
            }
          />
        ))}
      </FieldGroup>
      <WindowsField
        label="Windows"
        hint="Rollouts keep to windows within these, in the pool’s time zone. None: any time."
        windows={form.windows}
        error={fieldError("windows")}
        onChange={(windows) => onChange({ windows })}
      />
      <Field label="A second person approves" {...said(fieldError("two_people"))}>
        <Select
          value={form.two_people}
          onChange={(_, { value }) =>
            onChange({ two_people: TWO_PEOPLE.find(([each]) => each === value)?.[0] ?? "auto" })
          }
        >
          {TWO_PEOPLE.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}
