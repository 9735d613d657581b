import { Toast, Toaster, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { useCallback, useState, type ReactNode } from "react";

import styles from "./toasts.module.css";

const TOASTER = "fc-toasts";

/** Where the toasts appear: a region of the page, so that a screen reader finds them again. The frame has it. */
export function Toasts(): ReactNode {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  return (
    <section ref={setPlace} className={styles.place} aria-label="Messages">
      {place && <Toaster toasterId={TOASTER} position="bottom-end" mountNode={place} />}
    </section>
  );
}

/** Says that something was done, and what happens now: `tell("Paused", "6 hosts in work are finished.")`. */
export function useTell(): (title: string, text?: string) => void {
  const { dispatchToast } = useToastController(TOASTER);
  return useCallback(
    (title, text) => {
      const toast = (
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {text && <ToastBody>{text}</ToastBody>}
        </Toast>
      );
      dispatchToast(toast, { intent: "success", timeout: 6_000 });
    },
    [dispatchToast],
  );
}
