import { Field, Radio, RadioGroup, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { FormDialog } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { useTell } from "../../../parts/toasts";
import type { Image } from "../images";

type Result = "passed" | "failed";

interface Props {
  image: Image;
  version: string;
  onClose: () => void;
}

/** The result of a test. A failed one stops rollouts of the version that have changed no host yet. */
export function VerdictDialog({ image, version, onClose }: Props): ReactNode {
  const [result, setResult] = useState<Result>("passed");
  const [note, setNote] = useState("");
  const write = useWrite("post", "/api/images/{image}/versions/{version}/verdict");
  const tell = useTell();
  const send = async (): Promise<void> => {
    const params = { path: { image: image.name, version } };
    const answer = await write.send({ params, body: { result, note: note.trim() } });
    if (!answer) return;
    tell(`${version} has ${result} its test`);
    onClose();
  };
  return (
    <FormDialog
      title={`Record the test of ${image.name} ${version}`}
      verb="Record the verdict"
      busy={write.busy}
      problem={write.problem}
      fields={["note"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <div className="fc-stack">
        <Field
          label="Result"
          hint={result === "failed" ? "Open rollouts of the version stop, and it is not activated." : undefined}
        >
          <RadioGroup value={result} onChange={(_, { value }) => setResult(value as Result)}>
            <Radio value="passed" label="Passed" />
            <Radio value="failed" label="Failed" />
          </RadioGroup>
        </Field>
        <Field label="Note" hint="What was tested, and what was found." {...said(write.fieldError("note"))}>
          <Textarea value={note} maxLength={1_000} onChange={(_, { value }) => setNote(value)} />
        </Field>
      </div>
    </FormDialog>
  );
}
