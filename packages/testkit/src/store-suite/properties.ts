import type { EpochMs, Run } from "@tidegate/core";
import type { ClaimedRun, ScheduleStore } from "@tidegate/core/store";
import { MemoryStore } from "@tidegate/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "../runner.js";
import { LEASE } from "./conduct.js";
import type { StoreBed } from "./fixture.js";
import { admissions, everythingOf, expectInvariants } from "./random/invariants.js";
import { type Operation, operations } from "./random/operation.js";
import { Player } from "./random/player.js";

/** Random histories take longer than a single case; the runner's timeout is not under test. */
const PATIENCE_MS = 600_000;

/** A backfill that was planned without a place in its lane, and whose run was cancelled and revived: it has kept its queue. */
const REVIVED_BACKFILL: Operation[] = [
  { type: "plan", group: 0, count: 1, minutes: 1, skipsFirst: true, covers: false, isStale: false },
  { type: "resize", group: 0, width: 0 },
  { type: "backfill", group: 0, count: 1 },
  { type: "resize", group: 0, width: 1 },
  { type: "rerun", run: 0 },
  { type: "cancelPlanned", group: 0 },
  { type: "update", group: 0, delayMs: 0, isGated: false, adoptsPlanned: false },
  { type: "reviveCancelled", group: 0, minute: 0 },
  { type: "claim", limit: 1, leases: 0 },
];

/** Tests what holds for every history. */
export function historyRules({ create, propertyRuns }: StoreBed): void {
  const everyHistory = (
    property: (store: ScheduleStore, history: Operation[]) => Promise<void>,
  ): Promise<void> =>
    fc.assert(
      fc.asyncProperty(operations, async (history) => {
        const { store, dispose } = await create();
        try {
          await property(store, history);
        } finally {
          await dispose();
        }
      }),
      { numRuns: propertyRuns, examples: [[REVIVED_BACKFILL]] },
    );

  describe("every history", () => {
    it(
      "keeps runs tiled, lanes within their width, and counts true",
      () =>
        everyHistory(async (store, history) => {
          const player = new Player(store);
          await player.begin();
          for (const operation of history) {
            const before = await admissions(player);
            await player.play(operation);
            await expectInvariants(player, before);
          }
        }),
      PATIENCE_MS,
    );

    it(
      "gives a run to one holder at a time, with tokens that grow, and obeys no other",
      () =>
        everyHistory(async (store, history) => {
          const player = new Player(store);
          await player.begin();
          for (const operation of history) await expectOneHolder(player, operation);
        }),
      PATIENCE_MS,
    );

    it(
      "is answered as by the store in memory",
      () =>
        everyHistory(async (store, history) => {
          const player = new Player(store);
          const model = new Player(await openMemoryStore());
          await Promise.all([player.begin(), model.begin()]);
          for (const operation of history) {
            expect(await player.play(operation)).toEqual(await model.play(operation));
          }
          expect(await everythingOf(player)).toEqual(await everythingOf(model));
        }),
      PATIENCE_MS,
    );
  });
}

async function openMemoryStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.open();
  return store;
}

/** Plays one operation and checks its effects against the holders of the runs. */
async function expectOneHolder(player: Player, operation: Operation): Promise<void> {
  const known = player.claims.length;
  const earlier = new Map(player.claims.map((claimed) => [claimed.run.id, claimed]));
  const runsBefore = await player.store.getRuns([...earlier.keys()]);
  const answer = await player.play(operation);
  for (const claimed of player.claims.slice(known)) {
    const before = runsBefore.find((run) => run?.id === claimed.run.id);
    expectFreshClaim(claimed, earlier.get(claimed.run.id), before, player.now);
  }
  if (isByHolder(operation) && known > 0) {
    const claimed = player.claims.at(-1 - (operation.claim % known))!;
    if (claimed !== earlier.get(claimed.run.id)) expect(answer).toEqual([false]);
  }
}

/**
 * Fails unless the claim is of a run whose time had come, with a lease of its own and a token beyond the
 * last.
 */
function expectFreshClaim(
  { run, token }: ClaimedRun,
  earlier: ClaimedRun | undefined,
  before: Run | undefined,
  now: EpochMs,
): void {
  expect(run).toMatchObject({ place: "active", leaseUntil: now + LEASE });
  if (earlier === undefined) return;
  expect(token).toBeGreaterThan(earlier.token);
  expect(before?.readyAt ?? before?.leaseUntil).toBeLessThanOrEqual(now);
}

function isByHolder(operation: Operation): operation is Extract<Operation, { claim: number }> {
  return operation.type === "end" || operation.type === "start" || operation.type === "postpone";
}
