import { Checkbox, Field, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { said } from "../../parts/form/Refusal";
import { Fold } from "./Fold";
import { hostNames, withDomains, type Form, type Plan } from "./form";
import { chosenText } from "./planTexts";
import styles from "./update-image.module.css";

interface Props {
  form: Form;
  plan: Plan | null;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

const FIELDS = ["only", "exclude", "for_new_hosts", "allow_downgrade"] as const;
const HOSTS = [
  ["only", "Only these hosts", "Empty: all of the pool."],
  ["exclude", "Not these hosts", "VMs with the tag FreshcoatExclude are left out besides."],
] as const;

/** Which hosts, what new hosts get, and whether the version may be older: what few rollouts need. */
export function MoreOptions({ form, plan, fieldError, onChange }: Props): ReactNode {
  const [open, setOpen] = useState(false);
  const known = useKnownHosts(plan);
  const chosen = hostNames(form.only).length > 0;
  return (
    <Fold
      title="More options"
      state=""
      effect={chosenText(form)}
      open={open || FIELDS.some((field) => fieldError(field) !== undefined)}
      onToggle={() => setOpen(!open)}
    >
      <div className={styles.two}>
        {HOSTS.map(([name, label, hint]) => (
          <Field key={name} label={label} hint={hint} {...said(fieldError(name))}>
            <Textarea
              value={form[name]}
              spellCheck={false}
              placeholder={known[0] ?? "Names, with commas or one a line"}
              onChange={(_, { value }) => onChange({ [name]: value })}
              onBlur={() => onChange({ [name]: withDomains(form[name], known) })}
            />
          </Field>
        ))}
      </div>
      <Field {...said(fieldError("for_new_hosts"))}>
        <Checkbox
          label="New hosts of the pool get this version too"
          disabled={!chosen}
          checked={chosen && form.forNewHosts}
          onChange={(_, { checked }) => onChange({ forNewHosts: checked === true })}
        />
      </Field>
      <Field {...said(fieldError("allow_downgrade"))}>
        <Checkbox
          label="Allow an older version than the pool has"
          checked={form.allowDowngrade}
          onChange={(_, { checked }) => onChange({ allowDowngrade: checked === true })}
        />
      </Field>
    </Fold>
  );
}

/** The hosts of the last plan that there was: a refused request has none. */
function useKnownHosts(plan: Plan | null): readonly string[] {
  const [last, setLast] = useState(plan);
  if (plan && plan !== last) setLast(plan);
  return (plan ?? last)?.hosts.map(({ host }) => host) ?? [];
}
