import { Button, Field, Input } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation, useParams } from "wouter";

import { hasOnlyFields, PACES, serverNow, useLive, type Model } from "../../api";
import { fieldError } from "../../api/write";
import { useWhyNot } from "../../app/session/session";
import { hostsText, peopleText } from "../../parts/dialog";
import { useFilters } from "../../parts/filters";
import { PageHeader } from "../../parts/PageHeader";
import { PageSkeleton } from "../../parts/PageSkeleton";
import { usePlan, type Planned } from "../../parts/plan/usePlan";
import { ProblemBar } from "../../parts/ProblemBar";
import { dateField, ScheduleFields } from "../../parts/schedule";
import { InZone } from "../../parts/time";
import { ConfirmUpdate } from "./ConfirmUpdate";
import { firstForm, toRequest, whatIsMissing, type Form, type Plan, type UpdateRequest } from "./form";
import { ImageSection } from "./ImageSection";
import { MoreOptions } from "./MoreOptions";
import { PolicySection } from "./PolicySection";
import { Review } from "./Review";
import styles from "./update-image.module.css";

const SHOWN_FIELDS = [
  ...["image", "version", "schedule", "reason", "policy"],
  ...["only", "exclude", "for_new_hosts", "allow_downgrade"],
];

/** Update Image: what, when, and beside it what will happen. */
export default function UpdateImagePage(): ReactNode {
  const { pool: name } = useParams<{ pool: string }>();
  const filters = useFilters();
  const pool = useLive("/api/pools/{pool}", { path: { pool: name } }, PACES.pools);
  const image = useLive(
    "/api/images/{image}",
    { path: { image: pool.data?.image ?? "" } },
    { ...PACES.lists, enabled: pool.data !== undefined },
  );
  const crumbs = [
    ["VDI Pools", "/pools"],
    [name, `/pools/${name}`],
  ] as const;
  const failed = (!pool.data && pool.error) || (!image.data && image.error);
  const line = pool.data && lineOf(pool.data);
  return (
    <>
      <PageHeader title={`Update image of ${name}`} crumbs={crumbs} line={line} />
      {failed && <ProblemBar problem={failed} actions={<Button onClick={pool.refresh}>Try again</Button>} />}
      {!failed && pool.data && image.data && (
        <InZone zone={pool.data.time_zone}>
          <UpdateForm pool={pool.data} first={filters.get("version") || image.data.current} />
        </InZone>
      )}
      {!failed && !(pool.data && image.data) && <PageSkeleton />}
    </>
  );
}

function lineOf(pool: Model<"PoolView">): string {
  const ring = `${pool.ring.charAt(0).toUpperCase()}${pool.ring.slice(1)}`;
  const known = pool.hosts !== null && pool.sessions !== null;
  return `${ring} pool of ${pool.account}${known ? `: ${hostsText(pool.hosts ?? 0)}, ${peopleText(pool.sessions ?? 0)} working on them now` : ""}.`;
}

/** `first`: the version that is selected at first: that of the address, else the image's current one. */
function UpdateForm({ pool, first }: { pool: Model<"PoolView">; first: string | null }): ReactNode {
  const [form, setForm] = useState(() => firstForm(pool, first, serverNow()));
  const [agreed, setAgreed] = useState<{ plan: Plan; asked: UpdateRequest } | null>(null);
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("publish");
  const mayNotPlan = useWhyNot("plan");
  const missing = whatIsMissing(form);
  const asked = missing || mayNotPlan ? null : toRequest(form);
  const planned = usePlan("update-image", pool.name, asked);
  const current = planned.current ? planned.plan : null;
  const change = (part: Partial<Form>): void => setForm((before) => ({ ...before, ...part }));
  const error = (field: string): string | undefined => fieldError(planned.problem, field);
  return (
    <div className={styles.form}>
      <div>
        <ImageSection pool={pool} form={form} error={error("version") ?? error("image")} onChange={change} />
        <section className="fc-card fc-section" aria-labelledby="schedule">
          <header>
            <h2 id="schedule">Schedule</h2>
            <span className="fc-muted fc-small">When people’s sessions end</span>
          </header>
          <ScheduleFields
            form={form}
            poolZone={pool.time_zone}
            labelledBy="schedule"
            forceAt={current?.schedule.force_at ?? null}
            people={pool.sessions}
            dateError={error(dateField(form.mode))}
            zoneError={error("schedule.time_zone")}
            onChange={change}
          />
        </section>
        <PolicySection
          policy={form.policy}
          plan={planned.plan}
          account={pool.account}
          fieldError={error}
          onChange={(policy) => change({ policy })}
        />
        <MoreOptions form={form} plan={planned.plan} fieldError={error} onChange={change} />
        <section className="fc-card fc-section">
          <Field label="Reason" hint="Shown on the rollout and in the audit." validationMessage={error("reason")}>
            <Input value={form.reason} maxLength={1_000} onChange={(_, { value }) => change({ reason: value })} />
          </Field>
        </section>
      </div>
      <Review
        pool={pool}
        planned={planned}
        whyNot={mayNot ?? missing}
        fieldsOnly={planned.problem !== null && hasOnlyFields(planned.problem, SHOWN_FIELDS)}
        onPublish={() => current && asked && setAgreed({ plan: current, asked })}
        onCancel={() => navigate(`/pools/${pool.name}`)}
      />
      <Dock planned={planned} />
      {agreed && (
        <ConfirmUpdate
          pool={pool}
          {...agreed}
          onPlanChanged={planned.take}
          onClose={() => setAgreed(null)}
          onGentler={() => {
            change({ mode: "on_logoff" });
            setAgreed(null);
          }}
        />
      )}
    </div>
  );
}

/** On a phone: the numbers, and the way to the review. Publishing stands there only. */
function Dock({ planned }: { planned: Planned }): ReactNode {
  const plan = planned.current ? planned.plan : null;
  const show = (): void => {
    const title = document.getElementById("review");
    title?.scrollIntoView({ block: "start" });
    title?.focus();
  };
  return (
    <div className={styles.dock}>
      <span className="fc-small">
        {plan &&
          `${hostsText(plan.to_update)}, at most ${peopleText(plan.users_at_force)} signed out ${plan.schedule.mode === "now" ? "now" : "at the deadline"}`}
      </span>
      <Button onClick={show}>Review</Button>
    </div>
  );
}
