import { useQuery } from "@tanstack/react-query";
import { useAction } from "../../../api/actions.js";
import { manager } from "../../../api/connection.js";
import { groupQuery } from "../../../api/queries.js";
import { Dialog, NoteField } from "../../../parts/dialog.js";
import { instantText, intervalText } from "../../../time/format.js";
import type { PlanProps } from "./plan-props.js";
import styles from "./plans.module.css";

/** A seal: all time up to the end of the range is closed. */
export function SealPlan({ groupId, timezone, range, onClose }: PlanProps) {
  const { data } = useQuery(groupQuery(groupId));
  const missing = useQuery({
    queryKey: ["plan", "seal", groupId, range.upper],
    queryFn: () => manager.coverage(groupId, { lower: data!.schedule.origin, upper: range.upper }),
    enabled: data !== undefined && range.upper > data.schedule.origin,
    staleTime: 0,
  });
  const acting = useAction(async (form: FormData) => {
    await manager.seal(groupId, range.upper, String(form.get("note") ?? ""));
    onClose();
  });
  const sealed = data?.sealedThrough ?? null;
  const isSealed = sealed !== null && sealed >= range.upper;
  return (
    <Dialog
      title={`Seal up to ${instantText(range.upper, timezone)}`}
      action={data === undefined || isSealed ? undefined : "Seal"}
      isBusy={acting.isPending || missing.isFetching}
      error={acting.error ?? missing.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <p>Sealed time cannot be run again, backfilled or reported again, unless somebody insists.</p>
      <section className={styles.plan} aria-label="Plan" aria-live="polite">
        {data !== undefined && (
          <strong>
            {isSealed
              ? "All of this is sealed already."
              : `Closed would be ${intervalText(
                  { lower: sealed ?? data.schedule.origin, upper: range.upper },
                  timezone,
                )}.`}
          </strong>
        )}
        {missing.data?.isCovered === false && !isSealed && (
          <p>Not all of it has succeeded. It can be sealed only if what has not was given up on purpose.</p>
        )}
      </section>
      <NoteField />
    </Dialog>
  );
}
