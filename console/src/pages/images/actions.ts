import { useLocation } from "wouter";

import { useWhyNot } from "../../app/session/session";
import type { Action } from "../../parts/ActionsMenu";
import { portalOf } from "../../parts/links";
import { setAsImageText, type Asked, type Image } from "./images";

/** What can be done with an image, each with the reason where it cannot be done now. */
export function useImageActions(ask: (asked: Asked) => void): (image: Image) => Action[] {
  const mayNot = useWhyNot("publish");
  const configure = useWhyNot("configure");
  const [, navigate] = useLocation();
  return (image) => {
    const works = image.last_task && !image.last_task.ended_at ? "A task of this image runs." : null;
    const whyNot = mayNot ?? works;
    const staged = image.staged;
    return [
      {
        text: setAsImageText(image),
        whyNot: whyNot ?? (image.template_vm_id ? null : "The image has no template VM."),
        onClick: () => ask({ what: "set-as-image", image }),
      },
      {
        text: "Activate staged image",
        whyNot: whyNot ?? (staged ? null : "No version is staged."),
        onClick: () => ask({ what: "activate", image }),
        apart: true,
      },
      {
        text: "Record verdict",
        whyNot: mayNot ?? (staged ? null : "No version is staged."),
        onClick: () => staged && ask({ what: "verdict", image, version: staged }),
      },
      {
        text: "Discard staged version",
        whyNot: whyNot ?? (staged ? null : "No version is staged."),
        onClick: () => staged && ask({ what: "discard", image, version: staged }),
      },
      {
        text: image.roll_back_to ? `Roll back to ${image.roll_back_to}` : "Roll back",
        whyNot: whyNot ?? (image.roll_back_to ? null : "There is no backup to roll back to."),
        onClick: () => ask({ what: "roll-back", image }),
        apart: true,
      },
      { text: "Stage a version of the gallery", whyNot, onClick: () => ask({ what: "stage", image }) },
      { text: "Versions", onClick: () => navigate(`/images/${image.name}`), apart: true },
      { text: "Settings", whyNot: configure, onClick: () => navigate(`/images/${image.name}/settings`) },
      { text: "Open in Azure", href: portalOf(image.definition_id) },
    ];
  };
}
