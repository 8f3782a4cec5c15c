import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { failedGroupsQuery, type GroupsFilter, matchingQuery } from "../../api/queries.js";
import { Dialog, NoteField } from "../../parts/dialog.js";
import { Segments } from "../../parts/segments.js";
import { visible } from "../../parts/visible.js";
import { countText } from "../../time/format.js";
import { applyBulk, type BulkAct, fittingGroups, type Refused } from "./bulk.js";
import styles from "./groups.module.css";

const ACTS = { pause: "Pause", resume: "Resume", trigger: "Run now", retry: "Retry failed" } as const;

const DONE = { pause: "paused", resume: "resumed", trigger: "run", retry: "retried" } as const;

const TEXTS: Readonly<Record<BulkAct, string>> = {
  pause: "Nothing of them is planned or started until they are resumed; runs that are under way finish.",
  resume: "They continue where they were paused, and run what is owed as their catch-up policies say.",
  trigger:
    "What is owed runs now. If nothing is, the last interval that is over runs again, as a new generation.",
  retry: "Each failed run that no other run covers gets all its attempts again.",
};

interface BulkDialogProps {
  readonly filter: NonNullable<GroupsFilter>;
  readonly onClose: () => void;
}

/** Does the same to all groups that match, after it has said to which. */
export function BulkDialog({ filter, onClose }: BulkDialogProps) {
  const [act, setAct] = useState<BulkAct>("pause");
  const [done, setDone] = useState(0);
  const [result, setResult] = useState<{ readonly count: number; readonly refused: readonly Refused[] }>();
  const going = useRef(new AbortController());
  const matching = useQuery(matchingQuery(filter));
  const failed = useQuery({ ...failedGroupsQuery, enabled: act === "retry" });
  const groups = fittingGroups(act, matching.data?.groups ?? [], failed.data ?? new Set());
  const acting = useAction(async (form: FormData) => {
    const note = String(form.get("note") ?? "");
    const { signal } = going.current;
    const refused = await applyBulk(manager, act, groups, note, { signal, onProgress: setDone });
    setResult({ count: groups.length - refused.length, refused });
  });
  useEffect(() => () => going.current.abort(), []);
  const name = `${ACTS[act]}: ${countText(groups.length, "group")}`;
  return (
    <Dialog
      title="All groups that match"
      action={result === undefined && groups.length > 0 ? name : undefined}
      isBusy={acting.isPending || matching.isFetching || failed.isFetching}
      error={acting.error ?? matching.error ?? failed.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      {result === undefined ? (
        <>
          <Segments legend="What to do" options={ACTS} value={act} onChange={setAct} />
          <p className={styles.what}>{TEXTS[act]}</p>
          {act === "pause" && <NoteField />}
        </>
      ) : (
        <Result act={act} {...result} />
      )}
      <section className={styles.plan} aria-label="Plan" aria-live="polite">
        {matching.data !== undefined && !failed.isLoading && result === undefined && (
          <>
            <strong>
              {acting.isPending
                ? `${done.toLocaleString("en")} of ${countText(groups.length, "group")}`
                : `${countText(groups.length, "group")} would be ${DONE[act]}.`}
            </strong>
            <Rest count={matching.data.groups.length - groups.length} isWhole={matching.data.isWhole} />
            <Names names={groups.map(({ spec }) => spec.groupId)} />
          </>
        )}
      </section>
    </Dialog>
  );
}

function Rest({ count, isWhole }: { readonly count: number; readonly isWhole: boolean }) {
  return (
    <>
      {count > 0 && <p>Left as they are, since it does not fit their state: {countText(count, "group")}.</p>}
      {!isWhole && <p>More groups match than are done at once: do it again for the rest.</p>}
    </>
  );
}

/** How many names are shown. */
const MOST_NAMES = 12;

function Names({ names }: { readonly names: readonly string[] }) {
  const more = names.length - MOST_NAMES;
  return (
    <ul className={styles.names}>
      {names.slice(0, MOST_NAMES).map((name) => (
        <li key={name}>
          <bdi>{name}</bdi>
        </li>
      ))}
      {more > 0 && <li>and {more.toLocaleString("en")} more</li>}
    </ul>
  );
}

interface ResultProps {
  readonly act: BulkAct;
  readonly count: number;
  readonly refused: readonly Refused[];
}

function Result({ act, count, refused }: ResultProps) {
  return (
    <div role="status">
      <p>
        {countText(count, "group")} {count === 1 ? "is" : "are"} {DONE[act]}.
        {refused.length > 0 && ` ${countText(refused.length, "group")} refused:`}
      </p>
      <ul className={styles.names}>
        {refused.slice(0, MOST_NAMES).map(({ groupId, message }) => (
          <li key={groupId}>
            <bdi>{groupId}</bdi>: {visible(message)}
          </li>
        ))}
      </ul>
    </div>
  );
}
