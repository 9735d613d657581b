import { SearchBox as FluentSearchBox } from "@fluentui/react-components";
import { useEffect, useState, type ReactNode } from "react";

interface Props {
  /** What is searched: `Search pools`. */
  label: string;
  value: string;
  onSearch: (text: string) => void;
  /** Milliseconds after the last key until `onSearch`. */
  delay?: number;
}

/** A search that asks when the typing pauses. `/` focuses it. */
export function SearchBox({ label, value, onSearch, delay = 300 }: Props): ReactNode {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), delay);
    return () => clearTimeout(timer);
  }, [text, value, onSearch, delay]);
  return (
    <FluentSearchBox
      className="fc-search"
      placeholder={label}
      aria-label={label}
      value={text}
      onChange={(_, change) => setText(change.value)}
      onKeyDown={(event) => event.key === "Enter" && onSearch(text)}
    />
  );
}
