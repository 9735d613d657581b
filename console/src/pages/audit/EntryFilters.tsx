import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useId, type ReactNode } from "react";

import { PACES, serverNow, useLive } from "../../api";
import type { Filters } from "../../parts/filters";
import {
  ago,
  FILTERS,
  inputOf,
  kindOf,
  KINDS,
  momentOf,
  SPANS,
  valuesOf,
  withFilter,
  type Entry,
  type FilterName,
} from "./audit";
import { useTyped } from "../../parts/useTyped";
import styles from "./audit.module.css";

interface Props {
  filters: Filters;
  /** What is shown now: its callers and actions can be chosen. */
  entries: readonly Entry[] | undefined;
}

export function EntryFilters({ filters, entries }: Props): ReactNode {
  const pools = useLive("/api/pools", { query: { live: false, limit: 200 } }, PACES.settings);
  const images = useLive("/api/images", { query: { limit: 50 } }, PACES.settings);
  const accounts = useLive("/api/accounts", { query: { limit: 500 } }, PACES.settings);
  const names = (items: readonly { name: string }[] | undefined): string[] => (items ?? []).map(({ name }) => name);
  const set = (name: FilterName, value: string): void => filters.set(withFilter({ [name]: value }));
  const text = (name: FilterName, label: string, choices: readonly string[] = []): ReactNode => (
    <TextFilter label={label} value={filters.get(name)} choices={choices} onChange={(value) => set(name, value)} />
  );
  const moment = (name: "from" | "to", label: string): ReactNode => (
    <Field label={label} className={styles.moment}>
      <Input
        type="datetime-local"
        value={inputOf(filters.get(name))}
        onChange={(_, { value }) => set(name, momentOf(value))}
      />
    </Field>
  );
  return (
    <div className={`fc-card ${styles.filters}`} role="search" aria-label="Filters of entries">
      {moment("from", "From (UTC)")}
      {moment("to", "To, not included (UTC)")}
      {text("who", "Who (name or id)", valuesOf(entries, "who"))}
      {text("action", "What", valuesOf(entries, "action"))}
      {text("pool", "Pool", names(pools.data?.items))}
      {text("image", "Image", names(images.data?.items))}
      {text("account", "Account", names(accounts.data?.items))}
      {text("rollout", "Rollout (id)")}
      <Field label="Entries">
        <Select value={kindOf(filters)} onChange={(_, { value }) => set("kind", value)}>
          <option value="all">All</option>
          {KINDS.map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </Select>
      </Field>
      <div className={styles.spans}>
        {SPANS.map(([words, length]) => (
          <Button
            key={words}
            size="small"
            onClick={() => filters.set(withFilter({ from: ago(serverNow(), length), to: "" }))}
          >
            {words}
          </Button>
        ))}
        {filters.any(FILTERS) && (
          <Button size="small" appearance="subtle" onClick={filters.clear}>
            Clear filters
          </Button>
        )}
      </div>
      {filters.get("correlation") && (
        <p className={styles.whole}>Only entries of one request are shown, from its asking to its end.</p>
      )}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  choices: readonly string[];
  onChange: (value: string) => void;
}

/** A filter that must match exactly: asks when the typing pauses, and offers what is known. */
function TextFilter({ label, value, choices, onChange }: TextProps): ReactNode {
  const list = useId();
  const [text, setText] = useTyped(value, onChange, 500);
  return (
    <Field label={label}>
      <Input
        value={text}
        spellCheck={false}
        autoComplete="off"
        list={choices.length > 0 ? list : undefined}
        onChange={(_, change) => setText(change.value)}
        contentAfter={
          choices.length > 0 ? (
            <datalist id={list}>
              {choices.map((choice) => (
                <option key={choice} value={choice} />
              ))}
            </datalist>
          ) : undefined
        }
      />
    </Field>
  );
}
