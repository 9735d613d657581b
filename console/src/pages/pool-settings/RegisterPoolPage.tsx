import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { hasOnlyFields, useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { PageHeader } from "../../parts/PageHeader";
import { ProblemBar } from "../../parts/ProblemBar";
import { useTell } from "../../parts/toasts";
import { EMPTY, toRegistration, whatIsMissing, type Form } from "./form";
import { PoolFields } from "./PoolFields";
import styles from "./pool-settings.module.css";

const SHOWN = ["name", "host_pool_id", "account", "image", "time_zone", "join", "policy"];

/** Registers a host pool. Afterwards the first plan is shown, which writes nothing. */
export default function RegisterPoolPage(): ReactNode {
  const [form, setForm] = useState<Form>(EMPTY);
  const write = useWrite("put", "/api/pools/{pool}");
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("configure");
  const tell = useTell();

  async function send(): Promise<void> {
    const params = { path: { pool: form.name } };
    const pool = await write.send({ params, body: toRegistration(form), onlyNew: true });
    if (!pool) return;
    tell(`${pool.name} is registered`, "See what a first update would do. Nothing is written before you publish.");
    navigate(`/pools/${pool.name}/update-image`);
  }

  return (
    <form className={styles.form} onSubmit={(event) => event.preventDefault()}>
      <PageHeader
        title="Register pool"
        crumbs={[["VDI Pools", "/pools"]]}
        line="Nothing changes in Azure when a pool is registered."
      />
      {write.problem && !hasOnlyFields(write.problem, SHOWN) && <ProblemBar problem={write.problem} />}
      <PoolFields
        form={form}
        existing={false}
        fieldError={write.fieldError}
        onChange={(change) => setForm((before) => ({ ...before, ...change }))}
      />
      <div className="fc-row">
        <ActionButton
          appearance="primary"
          whyNot={mayNot ?? whatIsMissing(form)}
          busy={write.busy}
          onClick={() => void send()}
        >
          Register pool
        </ActionButton>
        <Button onClick={() => navigate("/pools")}>Cancel</Button>
      </div>
    </form>
  );
}
