import { Toast, Toaster, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { useCallback, type ReactNode } from "react";

const TOASTER = "fc-toasts";

/** Where the toasts appear. The frame has it. */
export function Toasts(): ReactNode {
  return <Toaster toasterId={TOASTER} position="bottom-end" />;
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
