import { useQuery } from "@tanstack/react-query";
import type { Run, RunLog } from "@tidegate/core";
import { useState } from "react";
import { logQuery } from "../../api/queries.js";
import { Button } from "../../parts/button.js";
import { Card } from "../../parts/card.js";
import { visible } from "../../parts/visible.js";
import styles from "./run.module.css";

/** The logs of a run's attempts, as plain text; nothing if the newest one has logged nothing. */
export function RunLogCard({ run }: { readonly run: Run }) {
  const [chosen, setChosen] = useState<number | undefined>();
  const { data, refetch, isFetching } = useQuery(logQuery(run.id, chosen));
  if (data === undefined || (data.lines.length === 0 && data.attempts < 2 && data.isEnded)) return null;
  return (
    <Card title="Log" aside={<Attempt log={data} onChoose={setChosen} />}>
      {data.first > 0 && (
        <p className={styles.none}>{data.first.toLocaleString("en")} earlier lines are not kept.</p>
      )}
      {data.lines.length === 0 ? (
        <p className={styles.none}>
          {data.isEnded ? "It has logged nothing." : "It has logged nothing so far."}
        </p>
      ) : (
        <section className={styles.log} tabIndex={0} aria-label={`Log of attempt ${data.attempt}`}>
          <pre>
            <bdi>{data.lines.map(visible).join("\n")}</bdi>
          </pre>
        </section>
      )}
      {!data.isEnded && data.attempt > 0 && (
        <div className={styles.logFoot}>
          <Button disabled={isFetching} onClick={() => void refetch()}>
            Show new lines
          </Button>
        </div>
      )}
    </Card>
  );
}

interface AttemptProps {
  readonly log: RunLog;
  readonly onChoose: (attempt: number) => void;
}

/** The attempt whose log is shown, and a choice if there are several. */
function Attempt({ log: { attempt, attempts }, onChoose }: AttemptProps) {
  if (attempts < 2) return null;
  return (
    <label>
      Attempt{" "}
      <select value={attempt} onChange={({ target }) => onChoose(Number(target.value))}>
        {Array.from({ length: attempts }, (_, index) => index + 1).map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>{" "}
      of {attempts}
    </label>
  );
}
