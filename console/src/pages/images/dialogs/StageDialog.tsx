import { Field, Input, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { FormDialog } from "../../../parts/dialog";
import { said } from "../../../parts/form/Refusal";
import { useTell } from "../../../parts/toasts";
import type { Image } from "../images";

interface Props {
  image: Image;
  onClose: () => void;
}

/** Stages a version that somebody else has put into the gallery, such as a pipeline. */
export function StageDialog({ image, onClose }: Props): ReactNode {
  const [version, setVersion] = useState("");
  const [notes, setNotes] = useState("");
  const stage = useWrite("post", "/api/images/{image}/stage");
  const tell = useTell();
  const send = async (): Promise<void> => {
    const body = { version: version.trim(), notes: notes.trim() };
    const answer = await stage.send({ params: { path: { image: image.name } }, body });
    if (!answer) return;
    tell(`${version.trim()} is staged`, "Nobody gets it until it is activated.");
    onClose();
  };
  return (
    <FormDialog
      title={`Stage a version of ${image.name}`}
      verb="Stage the version"
      whyNot={version.trim() ? null : "Give the version's number."}
      busy={stage.busy}
      problem={stage.problem}
      fields={["version", "notes"]}
      onSubmit={() => void send()}
      onClose={onClose}
    >
      <div className="fc-stack">
        <Field label="Version" hint="A version that is in the gallery already." {...said(stage.fieldError("version"))}>
          <Input value={version} onChange={(_, { value }) => setVersion(value)} />
        </Field>
        <Field label="Notes" {...said(stage.fieldError("notes"))}>
          <Textarea value={notes} maxLength={1_000} onChange={(_, { value }) => setNotes(value)} />
        </Field>
      </div>
    </FormDialog>
  );
}
