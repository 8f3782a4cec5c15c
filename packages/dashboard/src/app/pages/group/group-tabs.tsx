import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Description } from "@tidegate/core";
import { useState } from "react";
import { groupRunsQuery } from "../../api/queries.js";
import { Button } from "../../parts/button.js";
import parts from "../../parts/parts.module.css";
import { RunTable } from "../../parts/run-table.js";
import { visible } from "../../parts/visible.js";
import { Instant } from "../../time/instant.js";
import { AuditTab } from "./audit-tab.js";
import { Backfills } from "./backfills.js";
import styles from "./group.module.css";
import { LateTab } from "./late-tab.js";
import { TABS } from "./search.js";
import { settingsText } from "./settings.js";
import { changesOf } from "./versions.js";

const route = getRouteApi("/groups/$groupId");

/** Most runs of the list, as of a page of the listing. */
const MOST_RUNS = 1_000;

const TAB_NAMES = {
  runs: "Runs",
  backfills: "Backfills",
  late: "Late data",
  audit: "Audit",
  versions: "Versions",
  settings: "Settings",
} as const;

/** More of a group: its runs, its versions and its settings. */
export function GroupTabs({ description }: { readonly description: Description }) {
  const { tab = "runs" } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <section className={parts.card} aria-label="More of this group">
      <div className={styles.tabs}>
        {TABS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === tab}
            onClick={() =>
              navigate({ search: (before) => ({ ...before, tab: each }), replace: true, resetScroll: false })
            }
          >
            {TAB_NAMES[each]}
          </button>
        ))}
      </div>
      {tab === "runs" && <Runs description={description} />}
      {tab === "backfills" && (
        <Backfills backfills={description.backfills} zone={description.schedule.spec.timezone} />
      )}
      {tab === "late" && (
        <LateTab groupId={description.schedule.spec.groupId} zone={description.schedule.spec.timezone} />
      )}
      {tab === "audit" && (
        <AuditTab groupId={description.schedule.spec.groupId} zone={description.schedule.spec.timezone} />
      )}
      {tab === "versions" && <Versions description={description} />}
      {tab === "settings" && (
        <pre className={styles.settings} tabIndex={0}>
          {visible(settingsText(description.schedule.spec))}
        </pre>
      )}
    </section>
  );
}

function Runs({ description }: { readonly description: Description }) {
  const { groupId, timezone } = description.schedule.spec;
  const [limit, setLimit] = useState(25);
  const { data } = useQuery(groupRunsQuery(groupId, limit));
  if (data === undefined) return null;
  if (data.items.length === 0) return <p className={styles.none}>There is no run yet.</p>;
  return (
    <>
      <RunTable runs={data.items} zone={timezone} />
      {data.next !== undefined && limit < MOST_RUNS && (
        <p className={styles.more}>
          <Button onClick={() => setLimit(Math.min(MOST_RUNS, limit * 4))}>Show more</Button>
        </p>
      )}
    </>
  );
}

function Versions({ description }: { readonly description: Description }) {
  const { versions, schedule } = description;
  const zone = schedule.spec.timezone;
  return (
    <ol className={styles.versions}>
      {versions.toReversed().map((version) => {
        const before = versions.find((each) => each.version === version.version - 1);
        const changes = before === undefined ? [] : changesOf(before.spec, version.spec);
        return (
          <li key={version.version}>
            <div>
              <strong>Version {version.version}</strong>{" "}
              <span className={parts.muted}>
                made <Instant at={version.createdAt} zone={zone} />, in force from{" "}
                <Instant at={version.since} zone={zone} />
              </span>
            </div>
            {before === undefined ? (
              <p className={parts.muted}>As it was registered.</p>
            ) : (
              <ul className={styles.changes}>
                {changes.map(({ field, from, to }) => (
                  <li key={field}>
                    <code>{field}</code> <del>{visible(from)}</del> <ins>{visible(to)}</ins>
                  </li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
    </ol>
  );
}
