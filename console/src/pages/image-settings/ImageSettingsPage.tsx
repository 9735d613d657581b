import type { ReactNode } from "react";
import { useLocation, useParams } from "wouter";

import { useStored, useWrite, type Stored } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { FormPage } from "../../parts/form/FormPage";
import { useEdited } from "../../parts/form/rebase";
import { StoredPage } from "../../parts/form/StoredPage";
import { PageHeader } from "../../parts/PageHeader";
import { useTell } from "../../parts/toasts";
import { formOf, toPatch, whatIsMissing, type Image } from "./form";
import { ImageFields, SHOWN } from "./ImageFields";

/** The registration of an image: its definition, template VM, accounts and retention. Only what was changed is sent. */
export default function ImageSettingsPage(): ReactNode {
  const { image: name } = useParams<{ image: string }>();
  const stored = useStored("/api/images/{image}", { path: { image: name } });
  return (
    <>
      <PageHeader
        title={`Settings of ${name}`}
        crumbs={[
          ["Global Images", "/images"],
          [name, `/images/${name}`],
        ]}
        line="Pools keep their versions."
      />
      <StoredPage of={stored}>{(image) => <SettingsForm image={image} stored={stored} />}</StoredPage>
    </>
  );
}

function SettingsForm({ image, stored }: { image: Image; stored: Stored<Image> }): ReactNode {
  const { before, form, change } = useEdited(image, formOf);
  const write = useWrite("patch", "/api/images/{image}");
  const [, navigate] = useLocation();
  const mayNot = useWhyNot("configure");
  const tell = useTell();
  const patch = toPatch(before, form);
  const same = Object.keys(patch).length === 0 ? "Nothing has changed." : null;

  async function send(): Promise<void> {
    const saved = await write.send({ params: { path: { image: image.name } }, body: patch, ifMatch: stored.etag });
    if (!saved) return;
    tell("Saved", `${image.name} has its new settings.`);
    navigate(`/images/${image.name}`);
  }

  return (
    <FormPage
      verb="Save settings"
      whyNot={mayNot ?? whatIsMissing(form) ?? same}
      busy={write.busy}
      problem={write.problem}
      fields={SHOWN}
      onReadAgain={() => (write.reset(), stored.again())}
      onSubmit={() => void send()}
      back={`/images/${image.name}`}
    >
      <ImageFields form={form} existing fieldError={write.fieldError} onChange={change} />
    </FormPage>
  );
}
