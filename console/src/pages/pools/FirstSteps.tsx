import { mergeClasses } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

import { PACES, useLive } from "../../api";
import { useWhyNot } from "../../app/session/session";
import { ActionButton } from "../../parts/ActionButton";
import { DoneIcon } from "../../parts/icons";
import { ProblemBar } from "../../parts/ProblemBar";
import { firstSteps, type Pool } from "./firstSteps";
import styles from "./pools.module.css";

/** The way from nothing to the plan of a first update: what is done is ticked, what comes next has the button. */
export function FirstSteps({ pools }: { pools: readonly Pool[] }): ReactNode {
  const images = useLive("/api/images", { query: { limit: 50 } }, PACES.settings);
  const mayNot = { configure: useWhyNot("configure"), plan: useWhyNot("plan") };
  const [, navigate] = useLocation();
  if (!images.data && !images.error) return null;
  const steps = firstSteps(images.data?.items.map(({ name }) => name) ?? [], pools);
  const next = steps.findIndex(({ done }) => !done);
  return (
    <section className="fc-card fc-section" aria-labelledby="steps">
      <header>
        <h2 id="steps">Three steps to a first update</h2>
      </header>
      {images.error && <ProblemBar problem={images.error} />}
      <ol className={styles.steps}>
        {steps.map(({ verb, title, text, to, needs, whyNot, done }, index) => (
          <li key={verb} aria-current={index === next ? "step" : undefined}>
            <span className={mergeClasses(styles.mark, done && styles.ticked)} aria-hidden>
              {done ? <DoneIcon /> : index + 1}
            </span>
            <div>
              <h3>
                {title}
                {done && <span className="fc-sr">, done</span>}
              </h3>
              <p className="fc-muted">{text}</p>
            </div>
            {!done && (
              <ActionButton
                appearance={index === next ? "primary" : "secondary"}
                whyNot={mayNot[needs] ?? whyNot}
                onClick={() => navigate(to)}
              >
                {verb}
              </ActionButton>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
