import { useState, type ReactNode } from "react";

import { useWrite, type Model } from "../../api";
import { ConfirmDialog } from "../../parts/dialog";
import { InfoIcon } from "../../parts/icons";
import { MomentFields } from "../../parts/MomentFields";
import { cityOf, dayOf, longText, timeText } from "../../parts/time/format";
import { useTell } from "../../parts/toasts";

export type Promotion = Model<"PromotionView">;

interface Props {
  promotion: Promotion;
  onClose: () => void;
}

/** Another moment for a promotion, in its own zone. */
export function MovePromotion({ promotion, onClose }: Props): ReactNode {
  const { id, image, version, time_zone: zone } = promotion;
  const due = Date.parse(promotion.due_at);
  const [moment, setMoment] = useState({ date: dayOf(due, zone), time: timeText(due, zone) });
  const move = useWrite("post", "/api/promotions/{promotion}/reschedule");
  const tell = useTell();
  const at = `${moment.date}T${moment.time}`;
  const send = async (): Promise<void> => {
    const answer = await move.send({ params: { path: { promotion: id } }, body: { at, time_zone: zone } });
    if (!answer) return;
    tell("The promotion is moved", `${longText(Date.parse(answer.due_at), zone)} in ${cityOf(zone)}.`);
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Move the promotion of ${image} ${version}`}
      harm="reversible"
      effects={[{ icon: InfoIcon, text: `Now it is ${longText(due, zone)} in ${cityOf(zone)}.` }]}
      verb="Move the promotion"
      name={image}
      whyNot={moment.date && moment.time ? null : "Choose date and time."}
      busy={move.busy}
      problem={move.problem}
      fields={["at"]}
      onConfirm={() => void send()}
      onClose={onClose}
    >
      <MomentFields value={moment} zone={zone} error={move.fieldError("at")} onChange={setMoment} />
    </ConfirmDialog>
  );
}

/** Cancels a promotion: the version stays staged. */
export function CancelPromotion({ promotion, onClose }: Props): ReactNode {
  const { id, image, version } = promotion;
  const cancel = useWrite("delete", "/api/promotions/{promotion}");
  const tell = useTell();
  const send = async (): Promise<void> => {
    const answer = await cancel.send({ params: { path: { promotion: id } } });
    if (!answer) return;
    tell("The promotion is cancelled", `${version} stays staged.`);
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Cancel the promotion of ${image} ${version}?`}
      harm="reversible"
      effects={[{ icon: InfoIcon, text: `${version} stays staged. No pool is updated.` }]}
      verb="Cancel the promotion"
      name={image}
      busy={cancel.busy}
      problem={cancel.problem}
      onConfirm={() => void send()}
      onClose={onClose}
    />
  );
}
