import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { useTell } from "../../../parts/toasts";
import { AccountField } from "../common/fields";
import { CAPS, EMPTY, formOf, toRequest, type Caps, type Form } from "./caps";

interface Props {
  /** Left out: for an account without. */
  caps?: Caps;
  all: readonly Caps[];
  onClose: () => void;
}

export function CapsPanel({ caps, all, onClose }: Props): ReactNode {
  const [account, setAccount] = useState(caps?.account ?? "");
  const [form, setForm] = useState<Form>(caps ? formOf(caps) : EMPTY);
  const write = useWrite("put", "/api/access/caps/{account}");
  const tell = useTell();
  const there = !caps && all.some((each) => each.account === account);

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { account } }, body: toRequest(form) }))) return;
    tell(`Caps of ${account} are set`, "They count everywhere within half a minute.");
    onClose();
  }
  return (
    <FormPanel
      title={caps ? `Caps of ${account}` : "Set caps"}
      verb={caps ? "Save the caps" : "Set the caps"}
      whyNot={account ? (there ? "This account has caps. Edit those." : null) : "Choose an account first."}
      busy={write.busy}
      problem={write.problem}
      fields={CAPS.map(([name]) => name)}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <AccountField value={account} fixed={Boolean(caps)} onChange={setAccount} />
      {CAPS.map(([name, label, hint]) => (
        <Field key={name} label={label} hint={hint} {...said(write.fieldError(name))}>
          <Input
            inputMode="numeric"
            placeholder="No cap"
            value={form[name]}
            onChange={(_, { value }) => setForm({ ...form, [name]: value })}
          />
        </Field>
      ))}
    </FormPanel>
  );
}
