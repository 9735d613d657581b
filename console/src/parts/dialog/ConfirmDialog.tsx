import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Input,
} from "@fluentui/react-components";
import { useRef, useState, type ComponentType, type ReactNode } from "react";

import type { ApiError } from "../../api";
import { ActionButton } from "../ActionButton";
import { Refusal } from "../form/Refusal";
import { asksForName, type Harm } from "./harm";
import { useFirstFocus } from "./useFirstFocus";

export interface Effect {
  icon: ComponentType;
  text: ReactNode;
  bad?: boolean;
}

interface Props {
  /** With object and number: `Sign out 71 people and publish 2.0.0 to office?` */
  title: string;
  harm: Harm;
  /** What happens, the most important first. */
  effects: readonly Effect[];
  /** The verb with its object, as on the button: `Sign out 71 people and publish`. */
  verb: string;
  /** The name that is typed where the harm asks for it: the pool's. */
  name: string;
  /** The gentler way, with a link. */
  gentler?: ReactNode;
  /** Fields between the effects and the buttons. */
  children?: ReactNode;
  whyNot?: string | null;
  busy: boolean;
  problem: ApiError | null;
  /** The fields of `children` whose messages stand below them. The others are said in a bar. */
  fields?: readonly string[];
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is done. The focus is on Cancel, the least harmful; Esc is Cancel too. */
export function ConfirmDialog(props: Props): ReactNode {
  const { title, harm, effects, verb, name, gentler, children, busy, problem, fields = [], onConfirm, onClose } = props;
  const [typed, setTyped] = useState("");
  const surface = useRef<HTMLDivElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const careful = asksForName(harm);
  useFirstFocus(surface, cancel);
  const whyNot = props.whyNot ?? (careful && typed.trim() !== name ? `Type ${name} first.` : null);
  return (
    <Dialog open modalType={careful ? "alert" : "modal"} onOpenChange={(_, { open }) => !open && !busy && onClose()}>
      <DialogSurface ref={surface}>
        <form onSubmit={(event) => (event.preventDefault(), !whyNot && !busy && onConfirm())}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent>
              <Refusal problem={problem} fields={fields} />
              <ul className="fc-effects">
                {effects.map(({ icon: Icon, text, bad }, index) => (
                  <li key={index} className={bad ? "fc-bad" : undefined}>
                    <span aria-hidden>
                      <Icon />
                    </span>
                    <div>{text}</div>
                  </li>
                ))}
              </ul>
              {children}
              {careful && (
                <Field
                  label={
                    <>
                      Type <b>{name}</b> to confirm
                    </>
                  }
                  hint={gentler ? { children: gentler } : undefined}
                >
                  <Input
                    value={typed}
                    autoComplete="off"
                    spellCheck={false}
                    onChange={(_, { value }) => setTyped(value)}
                  />
                </Field>
              )}
              {!careful && gentler && <p className="fc-muted fc-small">{gentler}</p>}
            </DialogContent>
            <DialogActions fluid>
              <Button ref={cancel} onClick={onClose} disabled={busy}>
                Cancel
              </Button>
              <ActionButton appearance="primary" danger={careful} whyNot={whyNot} busy={busy} onClick={onConfirm}>
                {verb}
              </ActionButton>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
