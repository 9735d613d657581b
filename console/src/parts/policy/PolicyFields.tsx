import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { said } from "../form/Refusal";
import {
  Choices,
  Numbers,
  type ChoiceField,
  type NumberField,
  type PolicyChange,
  type PolicyName,
  type PolicyParts,
} from "./fields";
import { isMore, MorePolicyFields } from "./MorePolicyFields";
import styles from "./policy.module.css";

interface Props {
  /** What is set; the rest is that of `otherwise`. */
  policy: PolicyChange;
  otherwise: PolicyParts["otherwise"];
  /** The pool's account: its probes can be chosen. */
  account: string;
  fieldError: (field: string) => string | undefined;
  onChange: (policy: PolicyChange) => void;
}

const NUMBERS: readonly NumberField[] = [
  ["canary_hosts", "Hosts that go first"],
  ["max_unavailable", "At most at once (hosts or %)", true],
  ["min_available", "At least accepting people (hosts or %)", true],
  ["max_failed", "Hosts that may fail"],
];
const CHOICES: readonly ChoiceField[] = [
  [
    "canary_hold",
    "After the first hosts",
    [
      ["auto", "Go on"],
      ["approve", "Somebody approves"],
    ],
  ],
  [
    "on_failure",
    "When more hosts fail",
    [
      ["pause", "Pause"],
      ["roll_back", "Roll back"],
      ["continue", "Go on"],
    ],
  ],
];

/** The fields of a policy: those that people change most, and the others behind More. An empty one leaves what counts otherwise. */
export function PolicyFields({ policy, otherwise, account, fieldError, onChange }: Props): ReactNode {
  const names = Object.keys(policy) as PolicyName[];
  const [wanted, setWanted] = useState(() => names.some(isMore));
  const set = (name: PolicyName, value: unknown): void => {
    const others = Object.entries(policy).filter(([each]) => each !== name);
    onChange(Object.fromEntries(value === undefined ? others : [...others, [name, value]]));
  };
  const error: PolicyParts["error"] = (name) => said(fieldError(`policy.${name}`));
  const parts: PolicyParts = { policy, otherwise, error, set };
  const open = wanted || names.some((name) => isMore(name) && fieldError(`policy.${name}`));
  return (
    <>
      <div className={styles.policy}>
        <Numbers {...parts} fields={NUMBERS} />
        <Choices {...parts} fields={CHOICES} />
      </div>
      {open ? (
        <MorePolicyFields {...parts} account={account} />
      ) : (
        <Button className={styles.more} appearance="secondary" size="small" onClick={() => setWanted(true)}>
          More of the policy
        </Button>
      )}
    </>
  );
}
