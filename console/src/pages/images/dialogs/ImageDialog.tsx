import type { ReactNode } from "react";

import type { Asked } from "../images";
import { ActivateDialog } from "./ActivateDialog";
import { DiscardDialog } from "./DiscardDialog";
import { SetAsImageDialog } from "./SetAsImageDialog";
import { StageDialog } from "./StageDialog";
import { VerdictDialog } from "./VerdictDialog";

/** The dialog for what is asked. */
export function ImageDialog({ asked, onClose }: { asked: Asked; onClose: () => void }): ReactNode {
  const { image } = asked;
  switch (asked.what) {
    case "set-as-image":
      return <SetAsImageDialog image={image} onClose={onClose} />;
    case "activate":
    case "roll-back":
      return <ActivateDialog image={image} way={asked.what} onClose={onClose} />;
    case "stage":
      return <StageDialog image={image} onClose={onClose} />;
    case "verdict":
      return <VerdictDialog image={image} version={asked.version} onClose={onClose} />;
    case "discard":
      return <DiscardDialog image={image} version={asked.version} onClose={onClose} />;
  }
}
