import type { AuditReport } from "@tidegate/core";
import type { manager } from "../../api/connection.js";

/** The audits of many groups, as they are kept. */
export interface Audits {
  /** When they were made, epoch ms. */
  readonly madeAt: number;
  /** Whether no group was left out. */
  readonly isWhole: boolean;
  /** By group. */
  readonly reports: readonly AuditReport[];
}

/** Most groups that are audited at once. */
const MOST_GROUPS = 1_000;

/** How many ledgers are read at the same time. */
const AT_ONCE = 4;

type Client = Pick<typeof manager, "list" | "audit">;

/** Audits all groups whose ids begin with a text. @param onProgress - called with the number of those that are done */
export async function auditAll(
  client: Client,
  prefix: string,
  onProgress: (done: number) => void,
): Promise<Audits> {
  const { items, next } = await client.list({ groupIdPrefix: prefix }, { limit: MOST_GROUPS });
  const waiting = items.map(({ spec }) => spec.groupId);
  const reports: AuditReport[] = [];
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      reports.push(await client.audit(id));
      onProgress(reports.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  reports.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  return { madeAt: Date.now(), isWhole: next === undefined, reports };
}

/** Returns audits as a text to be kept. */
export function textOf(audits: Audits): string {
  return `${JSON.stringify(audits, null, 2)}\n`;
}

/** Returns the SHA-256 of a text in hex; `undefined` where the browser does not offer it: on plain HTTP of another machine. */
export async function sha256Of(text: string): Promise<string | undefined> {
  if (globalThis.crypto?.subtle === undefined) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
