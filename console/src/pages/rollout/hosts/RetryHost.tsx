import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { ActionButton } from "../../../parts/ActionButton";
import { ConfirmDialog } from "../../../parts/dialog";
import { InfoIcon, RetryIcon } from "../../../parts/icons";
import { useTell } from "../../../parts/toasts";
import { shortName } from "../../../parts/words";
import { firstAgreed, moreThanAgreed, useAgreed } from "../commands/agreed";
import { signedOut } from "../commands/effects";
import { offersOf } from "../commands/offers";
import type { Rollout } from "../rollout";

/** Tries one failed host again. */
export function RetryHost({ rollout, host }: { rollout: Rollout; host: string }): ReactNode {
  const [asking, setAsking] = useState(false);
  const retry = useWrite("post", "/api/rollouts/{rollout}/retry");
  const tell = useTell();
  const whyNot = offersOf(rollout).whyNot("retry");
  const name = shortName(host);
  const people = useAgreed(retry.problem, 0);
  const send = async (): Promise<void> => {
    const body = { hosts: [host], ...(firstAgreed(rollout) === null ? {} : { sign_outs: people }) };
    const answer = await retry.send({ params: { path: { rollout: rollout.id } }, body });
    if (!answer) return;
    tell(`${name} is tried again`);
    setAsking(false);
  };
  return (
    <>
      <ActionButton icon={<RetryIcon />} whyNot={whyNot} onClick={() => setAsking(true)}>
        Retry
      </ActionButton>
      {asking && (
        <ConfirmDialog
          title={`Try ${name} again?`}
          harm={people > 0 ? "now" : "reversible"}
          effects={[
            { icon: InfoIcon, text: "It is rebuilt once more, from the same version. Put its cause right first." },
            ...signedOut(people),
          ]}
          verb={`Retry ${name}`}
          name={rollout.pool}
          busy={retry.busy}
          problem={moreThanAgreed(retry.problem) === null ? retry.problem : null}
          onConfirm={() => void send()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
