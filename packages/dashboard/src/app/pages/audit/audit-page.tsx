import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { AuditReport } from "@tidegate/core";
import { useEffect, useId, useRef, useState } from "react";
import { manager } from "../../api/connection.js";
import { shareText } from "../../heat-map/cell-text.js";
import { Badge } from "../../parts/badge.js";
import { Button } from "../../parts/button.js";
import { Card } from "../../parts/card.js";
import { GroupLink } from "../../parts/group-link.js";
import parts from "../../parts/parts.module.css";
import { type Row, Table } from "../../parts/table.js";
import { countText, intervalText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./audit.module.css";
import { type Audits, auditAll, sha256Of, textOf } from "./audits.js";
import { auditSearch } from "./search.js";

const route = getRouteApi("/audit");

/** Audits, the text that is kept of them, and its hash. */
interface Kept {
  readonly audits: Audits;
  readonly text: string;
  readonly sha256: string | undefined;
}

/** The proof for many groups on one page, to be printed or kept. It reads whole ledgers, so a person asks for it. */
export function AuditPage() {
  const { q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const id = useId();
  const [done, setDone] = useState(0);
  const going = useRef(new AbortController());
  useEffect(() => () => going.current.abort(), []);
  const auditing = useMutation({
    mutationFn: async (): Promise<Kept> => {
      setDone(0);
      const audits = await auditAll(manager.withSignal(going.current.signal), q, setDone);
      const text = textOf(audits);
      return { audits, text, sha256: await sha256Of(text) };
    },
  });
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Audit</h1>
          <p>
            Each ledger accounts for all of its time: what has succeeded, what has not, and that nothing is
            missing.
          </p>
        </div>
        <div className={parts.actions}>
          <Button look="primary" disabled={auditing.isPending} onClick={() => auditing.mutate()}>
            {q === "" ? "Audit all groups" : "Audit these groups"}
          </Button>
        </div>
      </div>
      <search className={styles.filter}>
        <label htmlFor={id}>Group begins with</label>
        <input
          id={id}
          type="search"
          value={q}
          onChange={({ target }) => navigate({ search: auditSearch({ q: target.value }), replace: true })}
        />
      </search>
      <p role="status">{auditing.isPending && `${countText(done, "group")} so far …`}</p>
      {auditing.error !== null && <p role="alert">{auditing.error.message}</p>}
      {auditing.data !== undefined && <Outcome kept={auditing.data} />}
    </>
  );
}

function Outcome({ kept: { audits, text, sha256 } }: { readonly kept: Kept }) {
  const { madeAt, isWhole, reports } = audits;
  return (
    <Card
      title={headline(reports)}
      aside={
        <div className={parts.actions}>
          <Button onClick={() => save(text, madeAt)}>Save as JSON</Button>
          <Button onClick={() => window.print()}>Print</Button>
        </div>
      }
    >
      <p className={styles.made}>
        Made <Instant at={madeAt} /> ({viewerZone}).{" "}
        {!isWhole && "There are more groups than are audited at once: name a beginning. "}
        {sha256 !== undefined && (
          <>
            SHA-256 of the JSON: <code className={styles.hash}>{sha256}</code>
          </>
        )}
      </p>
      <Table
        name="Audits by group"
        head={["Group", "Verdict", "Succeeded", "Failed", "Cancelled", "Skipped", "Findings", "Time"]}
        rows={reports.map(rowOf)}
      />
    </Card>
  );
}

function headline(reports: readonly AuditReport[]): string {
  const sound = reports.filter(({ isSound }) => isSound).length;
  const complete = reports.filter(({ isComplete }) => isComplete).length;
  const of = (count: number): string =>
    count === reports.length ? "all" : count === 0 ? "none" : `${count}`;
  return `${countText(reports.length, "group")}: ${of(sound)} sound, ${of(complete)} complete`;
}

function rowOf(report: AuditReport): Row {
  const { groupId, range, isSound, isComplete, succeeded, failed, cancelled, skipped } = report;
  const length = range.upper - range.lower;
  return {
    key: groupId,
    cells: [
      <GroupLink key="group" groupId={groupId} />,
      isSound ? (
        <Badge
          key="verdict"
          tone={isComplete ? "good" : "info"}
          icon="check"
          text={isComplete ? "Complete" : "Sound"}
        />
      ) : (
        <Badge key="verdict" tone="bad" icon="alert" text="Not sound" />
      ),
      length === 0 ? "–" : shareText(succeeded.ms / length),
      countText(failed.intervals, "interval"),
      countText(cancelled.intervals, "interval"),
      countText(skipped.intervals, "interval"),
      findingsText(report),
      intervalText(range, "UTC"),
    ],
  };
}

function findingsText({ gaps, overlaps, doubtful, stale, owed }: AuditReport): string {
  const found = [
    [gaps.length, "gap", "gaps"],
    [overlaps.length, "overlap", "overlaps"],
    [doubtful.length, "doubt", "doubts"],
    [stale.length, "stale stretch", "stale stretches"],
    [owed === null ? 0 : 1, "stretch owed", ""],
  ] as const;
  const texts = found
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => `${count} ${count === 1 ? one : many}`);
  return texts.join(", ") || "none";
}

/** Has the browser keep a text as a file. */
function save(text: string, at: number): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `audit-${new Date(at).toISOString().slice(0, 19).replaceAll(":", "-")}.json`;
  link.click();
  URL.revokeObjectURL(address);
}
