import type { Schedule } from "@tidegate/core";
import { Card } from "../../parts/card.js";
import parts from "../../parts/parts.module.css";
import { Positions } from "../../parts/positions.js";
import { visible } from "../../parts/visible.js";
import { durationText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";

/** How far a group has read its source, and how far that had got when it was last looked at. */
export function SourceCard({ schedule }: { readonly schedule: Schedule }) {
  const { offsets, spec } = schedule;
  if (offsets === null) return null;
  const { position, latest, lookedAt, epoch, incarnation, rebase, headroomMs } = offsets;
  return (
    <Card
      title={`Source: ${visible(spec.source?.type ?? "")}`}
      aside={
        <span className={parts.muted}>
          reading {epoch} of <bdi>{visible(incarnation)}</bdi>, looked at <Instant at={lookedAt} isRelative />
        </span>
      }
    >
      {rebase !== null && rebase.note !== "" && <p className={parts.body}>{visible(rebase.note)}</p>}
      {headroomMs !== undefined && (
        <p className={parts.body}>
          Positions that are still to be read stay readable for {durationText(headroomMs)}, at the rate at
          which the source lets go of others, or fills.
        </p>
      )}
      <Positions
        columns={[
          { name: "Planned through", positions: position },
          { name: "End", positions: latest },
        ]}
        last={{ name: "To read", of: (partition) => distanceText(position[partition], latest[partition]) }}
      />
    </Card>
  );
}

/** Returns how far two positions are apart, if they are whole numbers. */
function distanceText(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined || !/^\d+$/.test(from) || !/^\d+$/.test(to)) return "";
  return (BigInt(to) - BigInt(from)).toLocaleString("en");
}
