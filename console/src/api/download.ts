import { credentialHeaders, tellSignedOut } from "./credentials";
import { asApiError, readProblem } from "./problems";

/** A text that the API gives page by page, such as CSV. Throws ApiError. */
export interface TextPage {
  text: string;
  continuation: string | null;
}

/** Reads one page of a text as whoever is signed in: a plain link would carry no token. */
export async function readText(path: string, query: URLSearchParams): Promise<TextPage> {
  try {
    const response = await globalThis.fetch(
      new Request(new URL(`${path}?${query}`, window.location.origin), { headers: await credentialHeaders() }),
    );
    if (response.status === 401) tellSignedOut();
    if (!response.ok) throw readProblem(response, await response.json().catch(() => null));
    return { text: await response.text(), continuation: response.headers.get("X-Continuation") };
  } catch (thrown) {
    throw asApiError(thrown);
  }
}

/** Hands a text to the browser as a file. */
export function saveFile(name: string, text: string, type: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
