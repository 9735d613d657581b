import { Tab, TabList } from "@fluentui/react-components";
import { useId, type ReactNode } from "react";

import "./parts.css";

interface Props {
  label: string;
  chosen: string;
  tabs: readonly { id: string; text: ReactNode }[];
  onChoose: (id: string) => void;
  /** The content of the chosen tab. */
  children: ReactNode;
}

export function Tabs({ label, chosen, tabs, onChoose, children }: Props): ReactNode {
  const id = useId();
  return (
    <>
      <TabList
        className="fc-tabs"
        aria-label={label}
        selectedValue={chosen}
        onTabSelect={(_, { value }) => onChoose(String(value))}
      >
        {tabs.map((tab) => (
          <Tab key={tab.id} value={tab.id} id={`${id}-${tab.id}`} aria-controls={`${id}-panel`}>
            {tab.text}
          </Tab>
        ))}
      </TabList>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </>
  );
}
