import { Button, Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useLive, type Model } from "../../api";
import { InfoIcon, LockIcon } from "../../parts/icons";
import { sentence } from "../../parts/MessageText";
import { Time } from "../../parts/time";
import type { Form } from "./form";
import { networksText, sizesText } from "./kept";
import { SelectImageDialog } from "./SelectImageDialog";
import styles from "./update-image.module.css";
import { sinceOf, useVersions, type Version } from "./versions";

interface Props {
  pool: Model<"PoolView">;
  form: Form;
  error: string | undefined;
  onChange: (change: Partial<Form>) => void;
}

export function ImageSection({ pool, form, error, onChange }: Props): ReactNode {
  const [selecting, setSelecting] = useState(false);
  const { versions } = useVersions(pool.name, "");
  const chosen = versions?.find(({ image, version }) => image === form.image && version === form.version);
  return (
    <section className="fc-card fc-section" aria-labelledby="image">
      <header>
        <h2 id="image">Image</h2>
      </header>
      <div className={styles.image}>
        <div>
          <div className={styles.version}>
            {form.image} <span className="fc-muted">{pool.version ?? "?"} → </span>
            {form.version || "nothing selected"}
          </div>
          {chosen && <Facts version={chosen} />}
        </div>
        <Button onClick={() => setSelecting(true)}>Select new</Button>
      </div>
      {error && (
        <p className={styles.error} role="alert">
          {error}
        </p>
      )}
      <Kept pool={pool.name} />
      {selecting && (
        <SelectImageDialog
          pool={pool.name}
          onClose={() => setSelecting(false)}
          onSelect={({ image, version }) => {
            onChange({ image, version });
            setSelecting(false);
          }}
        />
      )}
    </section>
  );
}

function Facts({ version }: { version: Version }): ReactNode {
  const { replicas, verdict, state, notes } = version;
  const since = sinceOf(version);
  return (
    <div className={`${styles.facts} fc-muted fc-small`}>
      {verdict && <span>Test {verdict.result}</span>}
      {since && (
        <span>
          {state === "active" ? "Active" : "Staged"} since <Time at={since} />
        </span>
      )}
      {replicas !== null && <span>{replicas === 1 ? "1 replica" : `${replicas} replicas`} where the hosts are</span>}
      {notes && <span>“{notes}”</span>}
    </div>
  );
}

/** Fields that people look for, and that an update never changes. */
function Kept({ pool }: { pool: string }): ReactNode {
  const kept = useLive("/api/pools/{pool}/kept", { path: { pool } }, { seen: 300 });
  const fields = [
    ["Virtual network", networksText(kept.data)],
    ["VM instance selection", sizesText(kept.data)],
  ] as const;
  const problem = kept.data?.networks_problem;
  return (
    <>
      <div className={styles.two}>
        {fields.map(([label, text]) => (
          <Field key={label} label={label}>
            <Input disabled value={text} title={text} contentBefore={<LockIcon />} />
          </Field>
        ))}
      </div>
      <p className={`${styles.help} fc-muted fc-small`}>
        <InfoIcon aria-hidden />
        <span>
          Kept from the pool: an update changes the image only. Hosts keep their names, network cards and addresses.
          {problem && ` ${sentence(problem.text)}`}
        </span>
      </p>
    </>
  );
}
