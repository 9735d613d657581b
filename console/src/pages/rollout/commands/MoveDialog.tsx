import { useState, type ReactNode } from "react";

import { useWrite } from "../../../api";
import { ConfirmDialog, peopleText } from "../../../parts/dialog";
import { InfoIcon, PersonIcon } from "../../../parts/icons";
import { MomentFields } from "../../../parts/MomentFields";
import { cityOf, dayOf, longText, timeText } from "../../../parts/time/format";
import { useTell } from "../../../parts/toasts";
import type { Rollout } from "../rollout";
import { moreThanAgreed, useAgreed } from "./agreed";
import { harmOfMove } from "./moves";

interface Props {
  rollout: Rollout;
  onClose: () => void;
}

/** Moves the deadline, or the moment of a rollout `at` a time. The local time is sent with the zone's name. */
export function MoveDialog({ rollout, onClose }: Props): ReactNode {
  const schedule = rollout.schedule;
  const zone = schedule?.time_zone ?? "UTC";
  const before = Date.parse(schedule?.force_at ?? rollout.created_at);
  const [moment, setMoment] = useState({ date: dayOf(before, zone), time: timeText(before, zone) });
  const move = useWrite("post", "/api/rollouts/{rollout}/reschedule");
  const tell = useTell();
  const field = schedule?.mode === "at" ? "at" : "deadline";
  const what = field === "at" ? "start" : "deadline";
  const local = `${moment.date}T${moment.time}`;
  const was = `${dayOf(before, zone)}T${timeText(before, zone)}`;
  const people = useAgreed(move.problem, rollout.sessions_open);
  const harm = harmOfMove(was, local, people);
  const send = async (): Promise<void> => {
    const body = { [field]: local, time_zone: zone, ...(local < was ? { sign_outs: people } : {}) };
    const answer = await move.send({ params: { path: { rollout: rollout.id } }, body });
    if (!answer) return;
    const now = answer.schedule?.force_at;
    tell(`The ${what} is moved`, now && `${longText(Date.parse(now), zone)} in ${cityOf(zone)}.`);
    onClose();
  };
  return (
    <ConfirmDialog
      title={`Move the ${what} of ${rollout.pool}`}
      harm={harm}
      effects={[
        { icon: InfoIcon, text: `Now it is ${longText(before, zone)} in ${cityOf(zone)}. People are told anew.` },
        ...(harm === "now"
          ? [{ icon: PersonIcon, text: `${peopleText(people)} may be signed out earlier.`, bad: true }]
          : []),
      ]}
      verb={`Move the ${what}`}
      name={rollout.pool}
      whyNot={moment.date && moment.time ? (local === was ? "Choose another time." : null) : "Choose date and time."}
      busy={move.busy}
      problem={moreThanAgreed(move.problem) === null ? move.problem : null}
      fields={[field]}
      onConfirm={() => void send()}
      onClose={onClose}
    >
      <MomentFields value={moment} zone={zone} error={move.fieldError(field)} onChange={setMoment} />
    </ConfirmDialog>
  );
}
