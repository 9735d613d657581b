import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { request, serverNow, type ApiError } from "../../api";
import { asApiError } from "../../api/problems";
import { ActionButton } from "../../parts/ActionButton";
import { Choice } from "../../parts/Choice";
import { ProblemBar } from "../../parts/ProblemBar";
import { Time } from "../../parts/time";
import { monthsBefore, spanText, type Verified } from "./audit";

export interface Verifying {
  busy: boolean;
  result: Verified | null;
  problem: ApiError | null;
  /** "": all kept months. */
  ask: (month: string) => Promise<void>;
  close: () => void;
}

export function useVerify(): Verifying {
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Verified | null>(null);
  const [problem, setProblem] = useState<ApiError | null>(null);

  async function ask(month: string): Promise<void> {
    setBusy(true);
    setResult(null);
    setProblem(null);
    try {
      const received = await request("get", "/api/audit/verify", { params: { query: month ? { month } : {} } });
      setResult(received.data);
    } catch (thrown) {
      setProblem(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  }
  return { busy, result, problem, ask, close: () => setResult(null) };
}

const MONTHS_TO_CHOOSE = 24;

export function VerifyButton({ whyNot, verify }: { whyNot: string | null; verify: Verifying }): ReactNode {
  const [month, setMonth] = useState("");
  const months = monthsBefore(serverNow(), MONTHS_TO_CHOOSE);
  return (
    <>
      <Choice
        label="Months"
        value={month}
        choices={[["", "all"], ...months.map((each) => [each, each] as const)]}
        onChange={setMonth}
      />
      <ActionButton whyNot={whyNot} busy={verify.busy} onClick={() => void verify.ask(month)}>
        {verify.busy ? "Verifying …" : "Verify the record"}
      </ActionButton>
    </>
  );
}

/** Whether the record is as it was written: entries, chains and signatures. */
export function VerifyResult({ verify }: { verify: Verifying }): ReactNode {
  const { result, problem, close } = verify;
  if (problem) return <ProblemBar problem={problem} />;
  if (!result) return null;
  const { whole, complete, entries, months, unchained, broken, first } = result;
  const intent = !whole ? "error" : complete && result.signatures_read !== false ? "success" : "warning";
  return (
    <MessageBar intent={intent} layout="multiline" className="fc-message">
      <MessageBarBody>
        <MessageBarTitle>
          {whole ? "No broken link was found" : broken === 1 ? "1 broken link" : `${broken} broken links`}
        </MessageBarTitle>{" "}
        {entries === 1 ? "1 entry was" : `${entries} entries were`} checked, {spanText(months)}.
        {first && (
          <p>
            The first one is of <Time at={first.at} />, month {first.month}, entry {first.sequence} of writer{" "}
            <span className="fc-mono fc-anywhere">{first.writer || "none"}</span>: {first.why}
          </p>
        )}
        {!complete && <p>Time was up before the oldest entries. Choose one month at a time.</p>}
        {unchained > 0 && <p>{unchained} entries are from before there were chains. Nothing proves them.</p>}
        <p>{signatureText(result)}</p>
      </MessageBarBody>
      <MessageBarActions>
        <Button onClick={close}>Close</Button>
      </MessageBarActions>
    </MessageBar>
  );
}

function signatureText({ signed, signatures_read }: Verified): string {
  if (signatures_read === false) return "The signatures could not be read now, so nothing is said about them.";
  if (!signed || signed.length === 0)
    return "No month is signed. Months are signed when they are over, if that is set up.";
  return `The signatures of ${signed.join(", ")} hold.`;
}
