import type { ReactNode } from "react";
import { Link, useSearch } from "wouter";

import { EventList } from "../events/EventList";
import { useEvents } from "../events/useEvents";
import type { Rollout } from "../rollout";
import styles from "../rollout.module.css";

const SHOWN = 6;

/** What has happened last. */
export function Latest({ rollout }: { rollout: Rollout }): ReactNode {
  const events = useEvents(rollout, { limit: SHOWN });
  const search = useSearch();
  const all = new URLSearchParams(search);
  all.set("tab", "events");
  return (
    <section className={`fc-card ${styles.panel}`}>
      <header className="fc-row">
        <h2>Latest</h2>
        <Link className="fc-push fc-small" href={`/rollouts/${rollout.id}?${all.toString()}`}>
          All events
        </Link>
      </header>
      <EventList events={events.data?.items} error={events.error} />
    </section>
  );
}
