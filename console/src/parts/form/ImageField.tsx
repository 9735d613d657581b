import { Field, Input } from "@fluentui/react-components";
import { useId, type ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { said } from "./Refusal";
import { usePaused } from "../useTyped";

/** Names that are offered at once. */
const OFFERED = 50;

interface Props {
  value: string;
  hint?: string;
  /** Said in place of the hint while there is none to choose. */
  none?: string;
  error?: string;
  disabled?: boolean;
  required?: boolean;
  onChange: (value: string) => void;
}

/** The name of an image: typed or chosen. The app is asked for those that match, so that all of many can be found. */
export function ImageField({ value, hint, none, error, disabled, required, onChange }: Props): ReactNode {
  const list = useId();
  const search = usePaused(value);
  const query = search ? { search, limit: OFFERED } : { limit: OFFERED };
  const images = useLive("/api/images", { query }, { ...PACES.settings, keepPrevious: true });
  const names = images.data?.items.map(({ name }) => name) ?? [];
  const empty = !search && images.data?.items.length === 0;
  return (
    <Field label="Image" hint={empty ? none : hint} required={required} {...said(error)}>
      <Input
        value={value}
        disabled={disabled}
        list={list}
        spellCheck={false}
        autoComplete="off"
        maxLength={80}
        onChange={(_, change) => onChange(change.value.trim())}
        contentAfter={
          <datalist id={list}>
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        }
      />
    </Field>
  );
}
