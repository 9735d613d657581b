import { useEffect } from "react";

/** The tab's title: `(1) office to 2.0.0, 65 % - Freshcoat`. */
let page = "";
let count = 0;

function write(): void {
  const number = count > 0 ? `(${count}) ` : "";
  document.title = page ? `${number}${page} - Freshcoat` : `${number}Freshcoat`;
}

/** Names the page in the tab. `PageHeader` does it for its title. */
export function useTitle(text: string): void {
  useEffect(() => {
    page = text;
    write();
  }, [text]);
}

/** How many things wait for the person. */
export function useTitleCount(needsYou: number): void {
  useEffect(() => {
    count = needsYou;
    write();
  }, [needsYou]);
}
