import { useEffect, useState } from "react";

import { serverNow } from "../../api";

/** The time by the server's clock, renewed every so many milliseconds. Keep it in the smallest component that shows it. */
export function useNow(every = 1_000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
