import { Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useStored, useWrite, type Model } from "../../../api";
import { useSession, useWhyNot } from "../../../app/session/session";
import { said } from "../../../parts/form/Refusal";
import { FormPanel } from "../../../parts/FormPanel";
import { PageSkeleton } from "../../../parts/PageSkeleton";
import { useTell } from "../../../parts/toasts";
import { AccountField } from "../common/fields";

interface Props {
  /** Left out: a new one. */
  profile?: Pick<Model<"JoinProfileView">, "account" | "name">;
  onClose: () => void;
}

type FieldName = "domain" | "user" | "password_setting" | "ou";
type Form = Record<FieldName, string>;

const FIELDS: readonly (readonly [FieldName, string, string])[] = [
  ["domain", "Domain", "Such as corp.example"],
  ["user", "User who joins", "Such as join@corp.example"],
  ["password_setting", "App setting with the password", "Its name, JOIN_…, never the password itself."],
  ["ou", "Organizational unit", "Such as OU=AVD,DC=corp,DC=example. Empty: the domain’s default."],
];

const EMPTY: Form = { domain: "", user: "", password_setting: "", ou: "" };

export function ProfilePanel({ profile, onClose }: Props): ReactNode {
  const [account, setAccount] = useState(profile?.account ?? "");
  const [typed, setName] = useState(profile?.name ?? "");
  const [changes, setChanges] = useState<Partial<Form>>({});
  const name = typed.trim();
  const path = { account, profile: name };
  const stored = useStored("/api/access/join-profiles/{account}/{profile}", { path }, Boolean(profile));
  const write = useWrite("put", "/api/access/join-profiles/{account}/{profile}");
  const configure = useWhyNot("configure");
  const tell = useTell();
  const form: Form = { ...EMPTY, ...textsOf(stored.data), ...changes };

  async function send(): Promise<void> {
    const { domain, user, password_setting, ou } = form;
    const body = {
      domain: domain.trim(),
      user: user.trim(),
      password_setting: password_setting.trim(),
      ou: ou.trim() || null,
    };
    const condition = profile ? { ifMatch: stored.etag } : { onlyNew: true };
    if (!(await write.send({ params: { path }, body, ...condition }))) return;
    tell(`The join profile ${name} is saved`, "It counts from the next host that joins.");
    onClose();
  }
  function again(): void {
    write.reset();
    stored.again();
  }
  const missing = !account ? "Choose an account first." : !name ? "Give it a name first." : null;
  const same = profile && Object.keys(changes).length === 0 ? "Nothing is changed yet." : null;
  return (
    <FormPanel
      title={profile ? `Join profile ${profile.name} of ${profile.account}` : "Make a join profile"}
      verb="Save the join profile"
      whyNot={configure ?? missing ?? same}
      busy={write.busy}
      problem={write.problem ?? stored.problem}
      fields={["profile", ...FIELDS.map(([field]) => field)]}
      onReadAgain={again}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <AccountField value={account} fixed={Boolean(profile)} onChange={setAccount} />
      {!profile && (
        <Field label="Name" required hint="Pools name it." {...said(write.fieldError("profile"))}>
          <Input value={typed} maxLength={63} spellCheck={false} onChange={(_, { value }) => setName(value)} />
        </Field>
      )}
      {profile && !stored.data ? (
        !stored.problem && <PageSkeleton />
      ) : (
        <Fields
          form={form}
          readOnly={Boolean(configure)}
          fieldError={write.fieldError}
          onChange={(change) => setChanges({ ...changes, ...change })}
        />
      )}
    </FormPanel>
  );
}

function textsOf(stored: Model<"JoinProfileView"> | undefined): Partial<Form> {
  if (!stored) return {};
  const { domain, user, password_setting, ou } = stored;
  return { domain, user, password_setting, ou: ou ?? "" };
}

interface FieldsProps {
  form: Form;
  readOnly: boolean;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

function Fields({ form, readOnly, fieldError, onChange }: FieldsProps): ReactNode {
  const { me } = useSession();
  const all = me.accounts.includes("*");
  return FIELDS.map(([name, label, hint]) => {
    const kept = name === "password_setting" && !all;
    return (
      <Field
        key={name}
        label={label}
        hint={kept ? "Only somebody with all accounts (*) sets this." : hint}
        {...said(fieldError(name))}
      >
        <Input
          spellCheck={false}
          readOnly={readOnly || kept}
          value={form[name]}
          onChange={(_, { value }) => onChange({ [name]: value })}
        />
      </Field>
    );
  });
}
