import { Checkbox, Field, Input, Select, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { request, usePlanned, useWrite, type Body, type Model } from "../../../api";
import { fieldError } from "../../../api/write";
import { FormDialog } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { useTell } from "../../../parts/toasts";
import { setAsImageText, templateRuns, type Image } from "../images";
import styles from "../images.module.css";

type Request = NonNullable<Body<"/api/images/{image}/set-as-image", "post">>;
type Plan = Model<"SetAsImagePlanView">;
type Step = "major" | "minor" | "patch" | "own";

const STEPS: readonly (readonly [Step, string])[] = [
  ["major", "Next major"],
  ["minor", "Next minor"],
  ["patch", "Next patch"],
  ["own", "Own number"],
];

interface Props {
  image: Image;
  onClose: () => void;
}

/** Set as image: a new version from the template VM, staged as inactive unless somebody wants otherwise. */
export function SetAsImageDialog({ image, onClose }: Props): ReactNode {
  const [stage, setStage] = useState(true);
  const [backup, setBackup] = useState(true);
  const [step, setStep] = useState<Step>("major");
  const [version, setVersion] = useState("");
  const [notes, setNotes] = useState("");
  const [, navigate] = useLocation();
  const tell = useTell();
  const write = useWrite("post", "/api/images/{image}/set-as-image");
  const body: Request = {
    power_off: templateRuns(image),
    stage,
    backup: stage || backup,
    notes: notes.trim(),
    ...(step === "own" ? { version: version.trim() } : { step }),
  };
  const whyNot = step === "own" && !version.trim() ? "Give the version's number." : null;
  // Not while it is being sent: the plan of what has begun is refused.
  const planOf = whyNot || write.busy ? null : body;
  const planned = usePlanned(["set-as-image", image.name], planOf, async (asked: Request, signal) => {
    const params = { path: { image: image.name }, query: { what_if: true } };
    const { data } = await request("post", "/api/images/{image}/set-as-image", { params, body: asked, signal });
    return data as Plan | null;
  });
  const send = async (): Promise<void> => {
    const task = await write.send({ params: { path: { image: image.name } }, body });
    if (!task || !("href" in task)) return;
    tell("A new version is being made", `${image.name} ${task.version ?? ""}`.trim());
    navigate(`/tasks/${task.id}`);
    onClose();
  };
  const problem = write.problem ?? planned.problem;
  return (
    <FormDialog
      title={`${setAsImageText(image)}: ${image.name}`}
      verb={setAsImageText(image)}
      whyNot={whyNot}
      busy={write.busy}
      problem={problem}
      fields={step === "own" ? ["version", "notes"] : ["notes"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <div className="fc-stack">
        <Checkbox
          label="Stage new image as inactive"
          checked={stage}
          onChange={(_, { checked }) => setStage(checked === true)}
        />
        <Checkbox
          label="Save current image as a backup"
          checked={stage || backup}
          disabled={stage}
          onChange={(_, { checked }) => setBackup(checked === true)}
        />
        <Field label="Version">
          <Select value={step} onChange={(_, { value }) => setStep(value as Step)}>
            {STEPS.map(([each, text]) => (
              <option key={each} value={each}>
                {text}
              </option>
            ))}
          </Select>
        </Field>
        {step === "own" && (
          <Field label="Number" hint="Three numbers, such as 2.1.0." {...said(fieldError(problem, "version"))}>
            <Input value={version} onChange={(_, { value }) => setVersion(value)} />
          </Field>
        )}
        <Field label="Notes" {...said(fieldError(problem, "notes"))}>
          <Textarea value={notes} maxLength={1_000} onChange={(_, { value }) => setNotes(value)} />
        </Field>
        <What plan={planned.plan} current={planned.current} stage={stage} />
      </div>
    </FormDialog>
  );
}

function What({ plan, current, stage }: { plan: Plan | null; current: boolean; stage: boolean }): ReactNode {
  return (
    <div className={current ? styles.plan : `${styles.plan} ${styles.stale}`} aria-busy={!current}>
      <h3>What will happen</h3>
      {plan ? (
        <ul>
          <li>
            {stage
              ? `${plan.version} is made and staged. Nobody gets it until it is activated.`
              : `${plan.version} is made and becomes the current version. Pools are not updated.`}
          </li>
          <li>
            {plan.switched_off
              ? "The template VM is switched off for about 5 minutes while its disk is copied, then started again."
              : "The template VM is copied and stays as it was."}
          </li>
          <li>{`Copies go to ${plan.regions.map(({ name, replicas }) => `${name} (${replicas})`).join(", ") || "no region"}.`}</li>
        </ul>
      ) : (
        <p className="fc-muted">Asking for the plan.</p>
      )}
    </div>
  );
}
