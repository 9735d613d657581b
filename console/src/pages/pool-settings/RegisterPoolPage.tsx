import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation, useSearch } from "wouter";

import { useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { FormPage } from "../../parts/form/FormPage";
import { Registered } from "../../parts/form/Registered";
import { PageHeader } from "../../parts/PageHeader";
import { EMPTY, foundIn, toRegistration, whatIsMissing, type Form, type Pool } from "./form";
import { PoolFields, SHOWN } from "./PoolFields";

/** Registers a host pool. Afterwards it says what was found in Azure; the first plan comes next. */
export default function RegisterPoolPage(): ReactNode {
  const [pool, setPool] = useState<Pool | null>(null);
  return (
    <>
      <PageHeader
        title="Register pool"
        crumbs={[["VDI Pools", "/pools"]]}
        line="Nothing changes in Azure when a pool is registered."
      />
      {pool ? <Next pool={pool} /> : <RegisterForm onRegistered={setPool} />}
    </>
  );
}

function RegisterForm({ onRegistered }: { onRegistered: (pool: Pool) => void }): ReactNode {
  const image = new URLSearchParams(useSearch()).get("image") ?? "";
  const [form, setForm] = useState<Form>({ ...EMPTY, image });
  const write = useWrite("put", "/api/pools/{pool}");
  const mayNot = useWhyNot("configure");

  async function send(): Promise<void> {
    const params = { path: { pool: form.name } };
    const pool = await write.send({ params, body: toRegistration(form), onlyNew: true });
    if (pool) onRegistered(pool);
  }

  return (
    <FormPage
      verb="Register pool"
      whyNot={mayNot ?? whatIsMissing(form)}
      busy={write.busy}
      problem={write.problem}
      fields={SHOWN}
      onSubmit={() => void send()}
      back="/pools"
    >
      <PoolFields
        form={form}
        existing={false}
        fieldError={write.fieldError}
        onChange={(change) => setForm((before) => ({ ...before, ...change }))}
      />
    </FormPage>
  );
}

function Next({ pool }: { pool: Pool }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <Registered
      title={`${pool.name} is registered`}
      found={foundIn(pool)}
      next="Next, see what a first update would do. Nothing is written before you publish."
    >
      <Button appearance="primary" onClick={() => navigate(`/pools/${pool.name}/update-image`)}>
        See a first update
      </Button>
      <Button onClick={() => navigate(`/pools/${pool.name}`)}>Show the pool</Button>
    </Registered>
  );
}
