import { Button } from "@fluentui/react-components";
import { useState, type ReactNode } from "react";

import { EventList } from "./events/EventList";
import { useEvents } from "./events/useEvents";
import type { Rollout } from "./rollout";
import styles from "./rollout.module.css";

const PAGE = 100;

/** All that has happened, newest first, a page at a time. */
export function EventsTab({ rollout }: { rollout: Rollout }): ReactNode {
  // The continuations that lead to the page that is shown; none: the newest.
  const [way, setWay] = useState<readonly string[]>([]);
  const continuation = way.at(-1);
  const events = useEvents(rollout, { limit: PAGE, ...(continuation ? { continuation } : {}) });
  const next = events.data?.continuation;
  return (
    <section className={`fc-card ${styles.panel}`}>
      <EventList events={events.data?.items} error={events.error} />
      {(way.length > 0 || next) && (
        <div className="fc-row">
          <Button disabledFocusable={way.length === 0} onClick={() => setWay(way.slice(0, -1))}>
            Newer
          </Button>
          <Button disabledFocusable={!next} onClick={() => next && setWay([...way, next])}>
            Older
          </Button>
        </div>
      )}
    </section>
  );
}
