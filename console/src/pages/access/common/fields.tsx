import { Checkbox, Field, Select } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive } from "../../../api";
import { useSession } from "../../../app/session/session";
import { FieldGroup } from "../../../parts/FieldGroup";
import { said } from "../../../parts/form/Refusal";
import styles from "../access.module.css";

/** The names of the accounts that the person may see, and those that are chosen. */
function useAccountNames(chosen: readonly string[]): string[] {
  const accounts = useLive("/api/accounts", { query: { limit: 500 } }, PACES.settings);
  const names = (accounts.data?.items ?? []).map(({ name }) => name);
  return [...new Set([...names, ...chosen.filter((name) => name !== "*" && name !== "")])].sort();
}

interface AccountsProps {
  value: readonly string[];
  error: string | undefined;
  onChange: (accounts: string[]) => void;
}

/** Some accounts, or `*` for all of them. Nobody gives what they do not have. */
export function AccountsField({ value, error, onChange }: AccountsProps): ReactNode {
  const names = useAccountNames(value);
  const { me } = useSession();
  const all = value.includes("*");
  const mayGiveAll = me.accounts.includes("*");
  return (
    <FieldGroup label="Accounts" error={error}>
      <div className={styles.choices}>
        <Checkbox
          label={
            mayGiveAll ? "All accounts, also those to come" : "All accounts (only somebody who has all gives that)"
          }
          checked={all}
          disabled={!mayGiveAll && !all}
          onChange={(_, { checked }) => onChange(checked ? ["*"] : [])}
        />
        {names.map((name) => (
          <Checkbox
            key={name}
            label={name}
            checked={all || value.includes(name)}
            disabled={all}
            onChange={(_, { checked }) => onChange(checked ? [...value, name] : value.filter((each) => each !== name))}
          />
        ))}
      </div>
    </FieldGroup>
  );
}

interface AccountProps {
  value: string;
  /** Of something that exists: it cannot be changed. */
  fixed?: boolean;
  error?: string;
  onChange: (account: string) => void;
}

export function AccountField({ value, fixed, error, onChange }: AccountProps): ReactNode {
  const names = useAccountNames([value]);
  return (
    <Field label="Account" required={!fixed} {...said(error)}>
      <Select value={value} disabled={fixed} onChange={(_, change) => onChange(change.value)}>
        {!value && <option value="">Choose an account</option>}
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
    </Field>
  );
}

/** Accounts in words. */
export function accountsText(accounts: readonly string[]): string {
  return accounts.includes("*") ? "All accounts" : accounts.join(", ");
}
