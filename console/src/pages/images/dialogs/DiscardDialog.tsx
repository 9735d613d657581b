import type { ReactNode } from "react";

import { useWrite } from "../../../api";
import { ConfirmDialog } from "../../../parts/dialog";
import { InfoIcon, WarningIcon } from "../../../parts/icons";
import { useTell } from "../../../parts/toasts";
import type { Image } from "../images";

interface Props {
  image: Image;
  version: string;
  onClose: () => void;
}

/** Removes a staged version or a backup from the gallery, for good. */
export function DiscardDialog({ image, version, onClose }: Props): ReactNode {
  const remove = useWrite("delete", "/api/images/{image}/versions/{version}");
  const tell = useTell();
  const send = async (): Promise<void> => {
    const answer = await remove.send({ params: { path: { image: image.name, version } } });
    if (!answer) return;
    tell(`${version} is being removed`);
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Remove ${image.name} ${version}?`}
      harm="gone"
      effects={[
        {
          icon: WarningIcon,
          text: "It is deleted from the gallery, with all replicas. It cannot be brought back.",
          bad: true,
        },
        { icon: InfoIcon, text: "No host is changed. A version that a host runs is not removed." },
      ]}
      verb={`Remove ${version}`}
      name={version}
      busy={remove.busy}
      problem={remove.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
