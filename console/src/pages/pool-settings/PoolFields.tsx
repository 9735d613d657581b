import { Checkbox, Field, Radio, RadioGroup, Select } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { nameFrom } from "../../parts/form/armId";
import formStyles from "../../parts/form/form.module.css";
import { ImageField } from "../../parts/form/ImageField";
import { TextField } from "../../parts/form/TextField";
import { PolicyFields } from "../../parts/policy/PolicyFields";
import type { Form } from "./form";
import styles from "./pool-settings.module.css";

/** The fields of a request whose messages stand below a field of the form. */
export const SHOWN = ["pool", "host_pool_id", "account", "image", "ring", "time_zone", "join", "policy", "refresh"];

interface Props {
  form: Form;
  /** Whether the pool is there already: its name stays. */
  existing: boolean;
  /** Whether a rollout runs: then some settings stay until it has ended. */
  runs?: boolean;
  fieldError: (field: string) => string | undefined;
  onChange: (change: Partial<Form>) => void;
}

export function PoolFields(props: Props): ReactNode {
  const { form, existing, runs, onChange, fieldError } = props;
  const withHostPool = (host_pool_id: string): void => {
    const own = existing || (form.name !== "" && form.name !== nameFrom(form.host_pool_id));
    onChange(own ? { host_pool_id } : { host_pool_id, name: nameFrom(host_pool_id) });
  };
  return (
    <>
      <section className="fc-card fc-section" aria-labelledby="what">
        <header>
          <h2 id="what">Host pool</h2>
        </header>
        <div className={formStyles.fields}>
          <TextField
            label="Host pool"
            armId
            required
            disabled={runs}
            value={form.host_pool_id}
            hint="Portal: Azure Virtual Desktop, Host pools, the pool, Properties, Resource ID."
            error={fieldError("host_pool_id")}
            onChange={withHostPool}
          />
          <TextField
            label="Name in Freshcoat"
            required
            disabled={existing}
            value={form.name}
            hint={existing ? "It stays." : "Letters, digits, dot, hyphen and underscore."}
            error={fieldError("pool")}
            onChange={(name) => onChange({ name })}
          />
          <Account {...props} />
          <ImageField
            required
            disabled={runs}
            value={form.image}
            hint="Type a part of its name."
            none="No image is registered yet. Register one first, on Global Images."
            error={fieldError("image")}
            onChange={(image) => onChange({ image })}
          />
          <Field
            label="Ring"
            validationMessage={fieldError("ring")}
            hint="A version goes from test to pilot to production."
          >
            <Select
              disabled={runs}
              value={form.ring}
              onChange={(_, { value }) => onChange({ ring: value as Form["ring"] })}
            >
              <option value="test">Test</option>
              <option value="pilot">Pilot</option>
              <option value="production">Production</option>
            </Select>
          </Field>
          <Zone {...props} />
        </div>
      </section>
      <Join {...props} />
      <section className="fc-card fc-section" aria-labelledby="policy">
        <header>
          <h2 id="policy">Policy</h2>
          <span className="fc-muted fc-small">For every rollout of this pool. What is empty is as usual.</span>
        </header>
        <PolicyFields
          policy={form.policy}
          otherwise={null}
          account={form.account || "default"}
          fieldError={fieldError}
          onChange={(policy) => onChange({ policy })}
        />
        <Field
          label="Refresh"
          className={styles.refresh}
          hint="Re-images used hosts to the pool’s own version. Nobody is signed out for it."
        >
          <Select value={form.refresh} onChange={(_, { value }) => onChange({ refresh: value as Form["refresh"] })}>
            <option value="off">Off</option>
            <option value="after_logoff">After the last session of a host</option>
            <option value="daily">Hosts used before today</option>
          </Select>
        </Field>
      </section>
    </>
  );
}

function Account({ form, runs, fieldError, onChange }: Props): ReactNode {
  const accounts = useLive("/api/accounts", { query: { limit: 500 } }, PACES.settings);
  const names = accounts.data?.items.map(({ name }) => name) ?? [];
  return (
    <Field label="Account" validationMessage={fieldError("account")}>
      <Select disabled={runs} value={form.account} onChange={(_, { value }) => onChange({ account: value })}>
        <option value="">The default account</option>
        {[...new Set([...names, ...(form.account ? [form.account] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
    </Field>
  );
}

function Zone({ form, fieldError, onChange }: Props): ReactNode {
  return (
    <Field
      label="Time zone"
      validationMessage={fieldError("time_zone")}
      hint="Of the people: deadlines and windows go by it."
    >
      <Select value={form.time_zone} onChange={(_, { value }) => onChange({ time_zone: value })}>
        <option value="">The account’s</option>
        {[...new Set([form.time_zone || "UTC", "UTC", ...Intl.supportedValuesOf("timeZone")])].map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </Select>
    </Field>
  );
}

function Join(props: Props): ReactNode {
  const { form, onChange } = props;
  return (
    <section className="fc-card fc-section" aria-labelledby="join">
      <header>
        <h2 id="join">How hosts join</h2>
      </header>
      <RadioGroup
        aria-labelledby="join"
        value={form.join}
        onChange={(_, { value }) => onChange({ join: value as Form["join"] })}
      >
        <Radio value="entra" label="Entra ID: needs no password" />
        <Radio value="ad" label="A domain" />
      </RadioGroup>
      {form.join === "entra" ? (
        <Checkbox
          label="Enrol in Intune as well"
          checked={form.intune}
          onChange={(_, { checked }) => onChange({ intune: checked === true })}
        />
      ) : (
        <Profile {...props} />
      )}
    </section>
  );
}

/** The join profiles of the pool's account. Admins keep them under Access. */
function Profile({ form, fieldError, onChange }: Props): ReactNode {
  const profiles = useLive("/api/access/join-profiles", { query: { limit: 100 } }, PACES.settings);
  const account = form.account || "default";
  const names = profiles.data?.items.filter((one) => one.account === account).map(({ name }) => name) ?? [];
  return (
    <Field
      label="Join profile"
      className={styles.refresh}
      validationMessage={fieldError("join")}
      hint={
        profiles.data && names.length === 0 ? `${account} has none yet: an admin makes one under Access.` : undefined
      }
    >
      <Select value={form.profile} onChange={(_, { value }) => onChange({ profile: value })}>
        <option value="">Choose a profile</option>
        {[...new Set([...names, ...(form.profile ? [form.profile] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
    </Field>
  );
}
