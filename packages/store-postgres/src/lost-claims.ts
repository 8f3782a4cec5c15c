import type { EpochMs } from "@tidegate/core";
import type { ClaimedRun, ClaimRequest } from "@tidegate/core/store";
import type { Database } from "./database.js";
import { asRun, type RunRow } from "./rows.js";

/** How long claims whose answers were lost are looked for, and how often, ms: they may be made after the connection. */
const LOOKED_FOR_MS = 10_000;
const EVERY_MS = 1_000;

/** A claim that may have been made although its answer is lost. */
interface LostClaim {
  readonly owner: string;
  readonly leaseUntil: EpochMs;
  readonly until: EpochMs;
  nextAt: EpochMs;
}

/**
 * Claims whose answers were lost with a connection. Their runs are claimed again by the same owner, rather than left
 * alone for as long as their leases last.
 */
export class LostClaims {
  #claims: LostClaim[] = [];

  add({ owner, leaseUntil, now }: Pick<ClaimRequest, "owner" | "leaseUntil" | "now">): void {
    this.#claims.push({ owner, leaseUntil, until: now + LOOKED_FOR_MS, nextAt: now });
  }

  /** Returns the ends of the leases that an owner may have got, and should look for now. */
  due(owner: string, now: EpochMs): EpochMs[] {
    if (this.#claims.length === 0) return [];
    this.#claims = this.#claims.filter(({ until }) => now <= until);
    const due = this.#claims.filter((claim) => claim.owner === owner && claim.nextAt <= now);
    for (const claim of due) claim.nextAt = now + EVERY_MS;
    return [...new Set(due.map(({ leaseUntil }) => leaseUntil))];
  }
}

/**
 * Claims an owner's runs again that it may not know of, as if their leases had ended. One that it knows keeps its job,
 * under another token.
 *
 * @param leases - the ends of their leases
 */
export async function claimLost(
  database: Database,
  s: string,
  { owner, operators, leaseUntil, limit }: ClaimRequest,
  leases: readonly EpochMs[],
): Promise<ClaimedRun[]> {
  const rows = await database.query<RunRow>(
    `WITH lost AS MATERIALIZED (
      SELECT r.id FROM ${s}.run r
        WHERE r.lease_until = ANY ($4) AND r.owner = $1 AND r.state IN ('SUBMITTING', 'RUNNING') AND r.operator = ANY ($2)
        ORDER BY r.id LIMIT $5 FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${s}.run r SET token = r.token + 1, lease_until = $3 FROM lost l WHERE r.id = l.id RETURNING r.*`,
    [owner, operators, leaseUntil, leases, limit],
  );
  return rows.map((row) => ({ run: asRun(row), token: row.token, isRecovered: true }));
}
