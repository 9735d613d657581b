import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { useWrite } from "../../api";
import { ConfirmDialog } from "../../parts/dialog";
import { InfoIcon, PoolsIcon } from "../../parts/icons";
import { useTell } from "../../parts/toasts";
import type { Pool } from "./pool";

export function UnregisterDialog({ pool, onClose }: { pool: Pool; onClose: () => void }): ReactNode {
  const write = useWrite("delete", "/api/pools/{pool}");
  const [, navigate] = useLocation();
  const tell = useTell();

  async function send(): Promise<void> {
    if (!(await write.send({ params: { path: { pool: pool.name } } }))) return;
    tell(`${pool.name} is unregistered`, "Nothing has changed in Azure.");
    navigate("/pools");
  }
  return (
    <ConfirmDialog
      title={`Unregister ${pool.name}?`}
      harm="gone"
      name={pool.name}
      verb={`Unregister ${pool.name}`}
      effects={[
        { icon: PoolsIcon, text: "Nothing changes in Azure: hosts and people stay as they are." },
        { icon: InfoIcon, text: "Its policy and settings are forgotten. Its rollouts stay in the lists." },
      ]}
      busy={write.busy}
      problem={write.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
