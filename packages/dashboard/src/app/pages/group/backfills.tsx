import type { Backfill } from "@tidegate/core";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { useMay } from "../../api/role.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { Button } from "../../parts/button.js";
import type { IconName } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { countText, intervalText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./group.module.css";

const LOOKS: Readonly<Record<Backfill["state"], readonly [Tone, IconName, string]>> = {
  RUNNING: ["info", "play", "Under way"],
  DONE: ["good", "check", "Done"],
  CANCELLED: ["quiet", "dash", "Cancelled"],
  FAILED: ["bad", "cross", "Failed"],
};

interface BackfillsProps {
  readonly backfills: readonly Backfill[];
  readonly zone: string;
}

/** The backfills of a group with their progress, newest first. */
export function Backfills({ backfills, zone }: BackfillsProps) {
  const cancelling = useAction((id: string) => manager.cancelBackfill(id));
  const mayAct = useMay("operator");
  if (backfills.length === 0) {
    return <p className={styles.none}>There is none. Select a range of the map above to start one.</p>;
  }
  return (
    <section className={parts.scroll} tabIndex={0} aria-label="Backfills">
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Range</th>
            <th scope="col">State</th>
            <th scope="col">Runs</th>
            <th scope="col">Selects</th>
            <th scope="col">Asked for</th>
            <th scope="col">Action</th>
          </tr>
        </thead>
        <tbody>
          {backfills.map((backfill) => {
            const [tone, icon, text] = LOOKS[backfill.state];
            return (
              <tr key={backfill.id}>
                <td>{intervalText(backfill, zone)}</td>
                <td>
                  <Badge tone={tone} icon={icon} text={text} />
                </td>
                <td>
                  {countText(backfill.plannedRuns, "run")} planned
                  {backfill.openRuns > 0 && `, ${backfill.openRuns} open`}
                </td>
                <td>{backfill.select}</td>
                <td>
                  <Instant at={backfill.createdAt} isRelative />
                </td>
                <td>
                  {backfill.state === "RUNNING" && mayAct && (
                    <Button look="danger" onClick={() => cancelling.mutate(backfill.id)}>
                      Cancel
                    </Button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
