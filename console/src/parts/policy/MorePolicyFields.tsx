import { Field, Input, Select, Textarea } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { PACES, useLive } from "../../api";
import { Choices, Numbers, type ChoiceField, type NumberField, type PolicyName, type PolicyParts } from "./fields";
import styles from "./policy.module.css";
import { minutesText, readMinutes } from "./values";
import { NEW_WINDOW, type Window } from "./windows";
import { WindowsField } from "./WindowsField";

const NUMBERS: readonly NumberField[] = [
  ["bake_minutes", "Minutes the first hosts are watched"],
  ["max_in_flight", "Never more at once than"],
  ["retries", "Further attempts of a host"],
  ["keep_old_disk_days", "Days that old disks are kept"],
  ["settle_seconds", "Seconds until a drained host is checked"],
  ["poll_seconds", "Seconds between two looks at the pool"],
];
const CHOICES: readonly ChoiceField[] = [
  [
    "strategy",
    "How a host gets the image",
    [
      ["auto", "Find out what works"],
      ["reimage", "Re-image the VM"],
      ["replace", "Replace the VM"],
    ],
  ],
  [
    "proof",
    "One host proves it first",
    [
      ["auto", "If the version is new to the account"],
      ["first_host", "Always"],
      ["none", "Never"],
    ],
  ],
  [
    "after_force",
    "After the deadline",
    [
      ["all", "All that are left at once"],
      ["waves", "In batches"],
    ],
  ],
  [
    "keep_failed",
    "Failed VMs that keep running",
    [
      ["one", "One"],
      ["all", "All"],
      ["none", "None"],
    ],
  ],
];
const OTHERS: readonly PolicyName[] = ["probe", "warn_minutes", "warn_message", "windows", "strict_deadline"];
const MORE: ReadonlySet<PolicyName> = new Set([...[...NUMBERS, ...CHOICES].map(([name]) => name), ...OTHERS]);

/** Whether a field is one of those behind More. */
export function isMore(name: PolicyName): boolean {
  return MORE.has(name);
}

/** The fields that most people leave as they are. */
export function MorePolicyFields(props: PolicyParts & { account: string }): ReactNode {
  return (
    <div className={styles.policy}>
      <Numbers {...props} fields={NUMBERS} />
      <Choices {...props} fields={CHOICES} />
      <StrictDeadline {...props} />
      <Probe {...props} />
      <Warned {...props} />
      <Message {...props} />
      <Windows {...props} />
    </div>
  );
}

function StrictDeadline({ policy, error, set }: PolicyParts): ReactNode {
  const { strict_deadline: strict } = policy;
  return (
    <Field label="Everybody is signed out at the deadline, proved or not" {...error("strict_deadline")}>
      <Select
        value={strict === undefined || strict === null ? "" : String(strict)}
        onChange={(_, { value }) => set("strict_deadline", value ? value === "true" : undefined)}
      >
        <option value="">As usual</option>
        <option value="true">Yes</option>
        <option value="false">No</option>
      </Select>
    </Field>
  );
}

function Probe({ policy, account, error, set }: PolicyParts & { account: string }): ReactNode {
  const probes = useLive("/api/access/probes", { query: { limit: 500 } }, PACES.settings);
  const names = probes.data?.items.filter((one) => one.account === account).map(({ name }) => name) ?? [];
  return (
    <Field label="Probe that checks the first hosts" {...error("probe")}>
      <Select value={policy.probe ?? ""} onChange={(_, { value }) => set("probe", value || undefined)}>
        <option value="">As usual</option>
        {[...new Set([...names, ...(policy.probe ? [policy.probe] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
    </Field>
  );
}

function Warned({ policy, otherwise, error, set }: PolicyParts): ReactNode {
  const [text, setText] = useState(() => minutesText(policy.warn_minutes));
  const stored = minutesText(policy.warn_minutes);
  // What is typed has commas and spaces that the list has not; another list from outside replaces it.
  const value = minutesText(readMinutes(text)) === stored ? text : stored;
  return (
    <Field
      label="Minutes before sign-out that people are warned"
      hint="With commas. 0: nobody is warned."
      {...error("warn_minutes")}
    >
      <Input
        placeholder={minutesText(otherwise?.warn_minutes) || "as usual"}
        value={value}
        onChange={(_, { value: typed }) => {
          setText(typed);
          set("warn_minutes", readMinutes(typed));
        }}
      />
    </Field>
  );
}

function Message({ policy, otherwise, error, set }: PolicyParts): ReactNode {
  return (
    <Field
      className={styles.wide}
      label="What people are told"
      hint="{time}, {minutes}, {date} and {pool} are filled in."
      {...error("warn_message")}
    >
      <Textarea
        maxLength={500}
        placeholder={otherwise?.warn_message ?? "as usual"}
        value={policy.warn_message ?? ""}
        onChange={(_, { value }) => set("warn_message", value.replaceAll("\n", " ") || undefined)}
      />
    </Field>
  );
}

type When = "usual" | "any" | "own";

/** Not set, none (any time), or own ones. */
function Windows({ policy, error, set }: PolicyParts): ReactNode {
  const windows = policy.windows as readonly Window[] | null | undefined;
  const when: When = !windows ? "usual" : windows.length > 0 ? "own" : "any";
  const values: Readonly<Record<When, unknown>> = { usual: undefined, any: [], own: [NEW_WINDOW] };
  const { validationMessage } = error("windows");
  return (
    <div className={styles.wide}>
      <Field label="Maintenance windows" {...(when === "own" ? {} : error("windows"))}>
        <Select value={when} onChange={(_, { value }) => set("windows", values[value as When])}>
          <option value="usual">As usual</option>
          <option value="any">Any time</option>
          <option value="own">Own windows</option>
        </Select>
      </Field>
      {windows && when === "own" && (
        <WindowsField
          label="Work is only done within"
          windows={windows}
          error={validationMessage}
          onChange={(changed) => set("windows", changed)}
        />
      )}
    </div>
  );
}
