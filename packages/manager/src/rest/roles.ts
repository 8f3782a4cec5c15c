import type { FastifyRequest } from "fastify";
import { HttpError } from "../errors/http-error.js";

/**
 * The roles of callers, each with all that those before it may do: a viewer reads, an operator runs, pauses and repairs
 * what is defined, an editor defines it and writes sealed time (`force`), and an admin also sets up pools and removes ledgers.
 */
export const ROLES = ["viewer", "operator", "editor", "admin"] as const satisfies readonly Role[];

/** The rights of a caller. */
export type Role = "viewer" | "operator" | "editor" | "admin";

/** The least role for each operation that is not for viewers, by its id. */
const NEEDED: Readonly<Record<string, Role>> = {
  pauseSchedule: "operator",
  resumeSchedule: "operator",
  trigger: "operator",
  retryRuns: "operator",
  retryRun: "operator",
  cancelRun: "operator",
  markReady: "operator",
  backfill: "operator",
  cancelBackfill: "operator",
  planRestatement: "operator",
  applyRestatement: "operator",
  reportCoverage: "operator",
  putSchedule: "editor",
  deleteSchedule: "editor",
  putSource: "editor",
  rebase: "editor",
  importOffsets: "editor",
  resnapshot: "editor",
  seal: "editor",
  putPool: "admin",
  deletePool: "admin",
};

/** Operations that have no effects, although they are sent by a method that may have some. */
const HARMLESS: ReadonlySet<string> = new Set(["previewDefinition"]);

const roles = new WeakMap<FastifyRequest, Role>();

/** Returns the role of an admitted request. @default admin: access is not controlled */
export function roleOf(request: FastifyRequest): Role {
  return roles.get(request) ?? "admin";
}

/** Notes the role of a request, and checks that it covers the operation. @throws HttpError FORBIDDEN */
export function admit(request: FastifyRequest, role: Role): void {
  roles.set(request, role);
  requireRole(request, neededRole(request));
}

/**
 * Checks that the role of a request covers `force`, which writes sealed time and so undoes what an editor decided. Called
 * once the body is read.
 *
 * @throws HttpError FORBIDDEN
 */
export async function admitForce(request: FastifyRequest): Promise<void> {
  const { query, body } = request;
  if (forceOf(query) === "true" || forceOf(body) === true) requireRole(request, "editor");
}

/** Returns whether the role of an admitted request covers another. */
export function hasRole(request: FastifyRequest, needed: Role): boolean {
  return ROLES.indexOf(roleOf(request)) >= ROLES.indexOf(needed);
}

function requireRole(request: FastifyRequest, needed: Role): void {
  if (hasRole(request, needed)) return;
  throw new HttpError(403, "FORBIDDEN", `This needs the role ${needed}; yours is ${roleOf(request)}.`);
}

function forceOf(given: unknown): unknown {
  return (given as { readonly force?: unknown } | null | undefined)?.force;
}

/** An operation that nobody has thought of is for admins, unless it only reads. */
function neededRole({ method, query, routeOptions }: FastifyRequest): Role {
  if ((query as { purge?: unknown } | undefined)?.purge === "true") return "admin";
  const { operationId = "" } = (routeOptions.schema ?? {}) as { operationId?: string };
  const isReading = method === "GET" || method === "HEAD" || HARMLESS.has(operationId);
  return NEEDED[operationId] ?? (isReading ? "viewer" : "admin");
}
