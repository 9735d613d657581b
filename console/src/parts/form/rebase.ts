import { useState } from "react";

/** Moves what somebody has changed in a form onto what is stored now. Pure. Fields inside of objects one by one. */
export function rebase<F extends object>(before: F, form: F, now: F): F {
  const names = [...new Set([...Object.keys(now), ...Object.keys(form)])] as (keyof F)[];
  const entries = names.map((name) => [name, moved(before[name], form[name], now[name])] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as F;
}

function moved(before: unknown, form: unknown, now: unknown): unknown {
  if (isObject(form) && isObject(now)) return rebase(isObject(before) ? before : {}, form, now);
  return JSON.stringify(before) === JSON.stringify(form) ? now : form;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Edited<F> {
  before: F;
  form: F;
  change: (change: Partial<F>) => void;
}

/** A form that begins with what is stored. When that is read again, what was typed stays. */
export function useEdited<T, F extends object>(stored: T, read: (stored: T) => F): Edited<F> {
  const [state, setState] = useState(() => ({ stored, before: read(stored), form: read(stored) }));
  let shown = state;
  if (state.stored !== stored) {
    const before = read(stored);
    shown = { stored, before, form: rebase(state.before, state.form, before) };
    setState(shown);
  }
  return {
    before: shown.before,
    form: shown.form,
    change: (change) => setState((old) => ({ ...old, form: { ...old.form, ...change } })),
  };
}
