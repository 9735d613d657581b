import type { ReactNode } from "react";

import type { Writing } from "../../../api";
import { ConfirmDialog } from "../../../parts/dialog";
import { InfoIcon, WarningIcon } from "../../../parts/icons";
import { useTell } from "../../../parts/toasts";

interface Props {
  /** `probe`, `join profile`. */
  noun: string;
  name: string;
  account: string;
  write: Pick<Writing<never, never>, "busy" | "problem">;
  send: () => Promise<unknown>;
  onClose: () => void;
}

/** Removes something that an account keeps under a name. The app refuses it while it is used, and says where. */
export function RemoveProfile({ noun, name, account, write, send, onClose }: Props): ReactNode {
  const tell = useTell();
  const confirm = async (): Promise<void> => {
    if (!(await send())) return;
    tell(`The ${noun} ${name} is removed`);
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Remove the ${noun} ${name} of ${account}?`}
      harm="gone"
      name={name}
      verb={`Remove ${name}`}
      effects={[
        { icon: WarningIcon, text: `Pools and requests of ${account} cannot name it any more.`, bad: true },
        { icon: InfoIcon, text: "While something uses it, it is not removed, and the refusal says where it is used." },
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void confirm()}
      onClose={onClose}
    />
  );
}
