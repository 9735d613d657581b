import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";

import { useWrite } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { FormPage } from "../../parts/form/FormPage";
import { Registered } from "../../parts/form/Registered";
import { PageHeader } from "../../parts/PageHeader";
import { EMPTY, foundIn, toRegistration, whatIsMissing, type Form, type Image } from "./form";
import { ImageFields, SHOWN } from "./ImageFields";

/** Registers an image. Afterwards it says what was found in Azure and what comes next. */
export default function RegisterImagePage(): ReactNode {
  const [image, setImage] = useState<Image | null>(null);
  return (
    <>
      <PageHeader
        title="Register image"
        crumbs={[["Global Images", "/images"]]}
        line="Nothing changes in Azure when an image is registered."
      />
      {image ? <Next image={image} /> : <RegisterForm onRegistered={setImage} />}
    </>
  );
}

function RegisterForm({ onRegistered }: { onRegistered: (image: Image) => void }): ReactNode {
  const [form, setForm] = useState<Form>(EMPTY);
  const write = useWrite("put", "/api/images/{image}");
  const mayNot = useWhyNot("configure");

  async function send(): Promise<void> {
    const params = { path: { image: form.name } };
    const image = await write.send({ params, body: toRegistration(form), onlyNew: true });
    if (image) onRegistered(image);
  }

  return (
    <FormPage
      verb="Register image"
      whyNot={mayNot ?? whatIsMissing(form)}
      busy={write.busy}
      problem={write.problem}
      fields={SHOWN}
      onSubmit={() => void send()}
      back="/images"
    >
      <ImageFields
        form={form}
        existing={false}
        fieldError={write.fieldError}
        onChange={(change) => setForm((before) => ({ ...before, ...change }))}
      />
    </FormPage>
  );
}

function Next({ image }: { image: Image }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <Registered
      title={`${image.name} is registered`}
      found={foundIn(image)}
      next="Next, register the pools whose hosts get this image."
    >
      <Button appearance="primary" onClick={() => navigate(`/pools/new?image=${image.name}`)}>
        Register a pool
      </Button>
      <Button onClick={() => navigate(`/images/${image.name}`)}>Show the image</Button>
    </Registered>
  );
}
