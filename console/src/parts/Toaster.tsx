import { Toast, ToastBody, Toaster as FluentToaster, ToastTitle, useToastController } from "@fluentui/react-components";
import { useEffect, type ReactNode } from "react";

const TOASTER = "fc-toasts";

export interface Told {
  title: string;
  text?: string | undefined;
}

interface Props {
  place: HTMLElement;
  /** What was said and is not shown yet. */
  told: readonly Told[];
  onShown: (told: readonly Told[]) => void;
}

/** Shows what was said. Loaded when something is said for the first time. */
export function Toaster({ place, told, onShown }: Props): ReactNode {
  const { dispatchToast } = useToastController(TOASTER);
  useEffect(() => {
    if (told.length === 0) return;
    for (const { title, text } of told) {
      const toast = (
        <Toast>
          <ToastTitle>{title}</ToastTitle>
          {text && <ToastBody>{text}</ToastBody>}
        </Toast>
      );
      dispatchToast(toast, { intent: "success", timeout: 6_000 });
    }
    onShown(told);
  }, [told, onShown, dispatchToast]);
  return <FluentToaster toasterId={TOASTER} position="bottom-end" mountNode={place} />;
}
