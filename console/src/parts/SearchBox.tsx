import { SearchBox as FluentSearchBox } from "@fluentui/react-components";
import type { ReactNode } from "react";

import { useTyped } from "./useTyped";

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
  const [text, setText] = useTyped(value, onSearch, delay);
  return (
    <FluentSearchBox
      className="fc-search"
      placeholder={label}
      aria-label={label}
      value={text}
      onChange={(_, change) => setText(change.value)}
      onKeyDown={(event) => event.key === "Enter" && onSearch(text.trim())}
    />
  );
}
