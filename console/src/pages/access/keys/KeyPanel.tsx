import { Field, Input, Select } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { AccountsField } from "../common/fields";
import { MOST_DAYS, ROLES, whyNoKey, type NewKey } from "./keys";

interface Props {
  onMade: (key: NewKey) => void;
  onClose: () => void;
}

export function KeyPanel({ onMade, onClose }: Props): ReactNode {
  const [name, setName] = useState("");
  const [role, setRole] = useState(ROLES[0]?.[0] ?? "reader");
  const [days, setDays] = useState("90");
  const [accounts, setAccounts] = useState<string[]>([]);
  const write = useWrite("post", "/api/access/keys/{key}");
  const key = name.trim();

  async function send(): Promise<void> {
    const made = await write.send({ params: { path: { key } }, body: { role, accounts, days: Number(days) } });
    if (made) onMade(made);
  }
  return (
    <FormPanel
      title="Make an app key"
      verb={key ? `Make the key ${key}` : "Make the key"}
      whyNot={whyNoKey(key, accounts, Number(days))}
      busy={write.busy}
      problem={write.problem}
      fields={["key", "role", "accounts", "days"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <Field
        label="Name"
        required
        hint="The program’s, such as pipeline. A name is used once, also after the key was revoked."
        {...said(write.fieldError("key"))}
      >
        <Input value={name} maxLength={63} spellCheck={false} onChange={(_, { value }) => setName(value)} />
      </Field>
      <Field label="Role" {...said(write.fieldError("role"))}>
        <Select value={role} onChange={(_, { value }) => setRole(ROLES.find(([each]) => each === value)?.[0] ?? role)}>
          {ROLES.map(([each, words]) => (
            <option key={each} value={each}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      <AccountsField value={accounts} error={write.fieldError("accounts")} onChange={setAccounts} />
      <Field label={`Days until it expires, at most ${MOST_DAYS}`} {...said(write.fieldError("days"))}>
        <Input inputMode="numeric" value={days} onChange={(_, { value }) => setDays(value.trim())} />
      </Field>
    </FormPanel>
  );
}
