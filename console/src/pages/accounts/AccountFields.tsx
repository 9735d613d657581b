import { Field, Input, Select, Textarea } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useSession } from "../../app/session/session";
import { said } from "../../parts/form/Refusal";
import type { Form } from "./accounts";

/** The fields whose messages are shown below them. */
export const FIELDS = ["account", "title", "time_zone", "scopes", "identity_client_id"] as const;

interface Props {
  form: Form;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

export function AccountFields({ form, fieldError, onChange }: Props): ReactNode {
  const { me } = useSession();
  const all = me.accounts.includes("*");
  const only = "Only somebody with all accounts (*) changes this.";
  return (
    <>
      <Field label="Title" hint="Its name for people" {...said(fieldError("title"))}>
        <Input value={form.title} maxLength={200} onChange={(_, { value }) => onChange({ title: value })} />
      </Field>
      <Field
        label="Time zone"
        hint="The default of pools that are registered for it. Pools that exist keep theirs."
        {...said(fieldError("time_zone"))}
      >
        <Select value={form.time_zone} onChange={(_, { value }) => onChange({ time_zone: value })}>
          {zonesWith(form.time_zone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </Field>
      <Field
        label="Own subscriptions and resource groups"
        hint={
          all
            ? "One id in each line. Its pools and images can use nothing outside of them; others nothing inside."
            : only
        }
        {...said(fieldError("scopes"))}
      >
        <Textarea
          className="fc-mono"
          rows={4}
          resize="vertical"
          spellCheck={false}
          readOnly={!all}
          value={form.scopes}
          placeholder="/subscriptions/…/resourceGroups/rg-contoso"
          onChange={(_, { value }) => onChange({ scopes: value })}
        />
      </Field>
      <Field
        label="Own identity (client id)"
        hint={all ? "A managed identity of the app that works there. Empty: the app’s own." : only}
        {...said(fieldError("identity_client_id"))}
      >
        <Input
          className="fc-mono"
          spellCheck={false}
          readOnly={!all}
          value={form.identity_client_id}
          onChange={(_, { value }) => onChange({ identity_client_id: value })}
        />
      </Field>
    </>
  );
}

function zonesWith(chosen: string): string[] {
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  return zones.includes(chosen) ? zones : [chosen, ...zones];
}
