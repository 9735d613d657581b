import { useEffect, useState } from "react";

/**
 * The text of a field that tells its value when the typing pauses. Another value from outside replaces the text.
 * `delay`: milliseconds after the last key.
 */
export function useTyped(
  value: string,
  onPause: (text: string) => void,
  delay: number,
): readonly [text: string, setText: (text: string) => void] {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => onPause(text.trim()), delay);
    return () => clearTimeout(timer);
  }, [text, value, onPause, delay]);
  return [text, setText];
}

/** The value as it was when it last stayed the same for a while. */
export function usePaused(value: string, delay = 300): string {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return paused;
}
