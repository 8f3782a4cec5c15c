import { describe, expect, it } from "@jest/globals";
import type { Role } from "../src/index.js";
import { ROLES } from "../src/rest/roles.js";
import type { OpenapiDocument } from "./bed/contract.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** The operations that a role may do and the one before it may not; a viewer may do all that are not listed. */
const MORE: Readonly<Partial<Record<Role, readonly string[]>>> = {
  operator: [
    "pauseSchedule",
    "resumeSchedule",
    "trigger",
    "retryRuns",
    "retryRun",
    "cancelRun",
    "markReady",
    "backfill",
    "cancelBackfill",
    "planRestatement",
    "applyRestatement",
    "reportCoverage",
  ],
  editor: ["putSchedule", "deleteSchedule", "putSource", "rebase", "importOffsets", "resnapshot", "seal"],
  admin: ["putPool", "deletePool"],
};

const byHeader = { authorize: ({ headers }: { headers: object }) => (headers as { role: Role }).role };

describe("a role", () => {
  it.each(ROLES)("%s may do its operations and those of the roles before it, and no other", async (role) => {
    const { call } = await aManager(byHeader);
    const { body } = await call<OpenapiDocument>("GET", "/openapi.json");
    const refused = new Set<string>();
    for (const [template, operations] of Object.entries(body.paths)) {
      const path = template.replaceAll(/\{\w+\}/g, "x");
      for (const [method, { operationId, security }] of Object.entries(operations)) {
        // The stream does not end, and callbacks have credentials of their own.
        if (operationId === "streamEvents" || template.startsWith("/engines") || security?.length === 0)
          continue;
        const sent = method === "get" || method === "delete" ? undefined : {};
        const { status, body: answer } = await call<{ error: { code: string; message: string } }>(
          method.toUpperCase(),
          path,
          sent,
          { role },
        );
        if (status !== 403) continue;
        expect(answer.error).toMatchObject({
          code: "FORBIDDEN",
          message: expect.stringContaining(`yours is ${role}`),
        });
        refused.add(operationId);
      }
    }
    const beyond = ROLES.slice(ROLES.indexOf(role) + 1).flatMap((each) => MORE[each] ?? []);
    expect([...refused].sort()).toEqual([...beyond].sort());
  });

  it("editor ends a schedule, and only an admin removes its ledger", async () => {
    const { call } = await aManager(byHeader);
    const as = (role: Role) => ({ role });
    expect((await call("PUT", "/schedules/orders", minutes(2), as("editor"))).status).toBe(200);
    expect(await call("DELETE", "/schedules/orders?purge=true", undefined, as("editor"))).toMatchObject({
      status: 403,
      body: { error: { message: "This needs the role admin; yours is editor." } },
    });
    expect((await call("DELETE", "/schedules/orders", undefined, as("editor"))).status).toBe(204);
    expect((await call("DELETE", "/schedules/orders?purge=true", undefined, as("admin"))).status).toBe(204);
  });

  it.each<[string, string, object | undefined]>([
    ["a trigger", "/schedules/orders/trigger?force=true", undefined],
    ["a retry of all runs", "/schedules/orders/retry", { force: true }],
    ["a retry of one run", "/runs/x/retry", { force: true }],
    ["a backfill", "/schedules/orders/backfills", { from: 0, to: 60_000, force: true }],
    ["a restatement", "/restatements/plans", { groupId: "orders", from: 0, to: 60_000, force: true }],
    ["a report of coverage", "/groups/orders/coverage", { lower: 0, upper: 60_000, force: true }],
  ])("operator may not write sealed time with %s, and an editor may", async (_, path, body) => {
    const { call } = await aManager(byHeader);
    expect(await call("POST", path, body, { role: "operator" })).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN", message: "This needs the role editor; yours is operator." } },
    });
    expect((await call("POST", path, body, { role: "editor" })).status).toBe(404);
    const unforced = body === undefined ? undefined : { ...body, force: false };
    expect((await call("POST", path.split("?")[0]!, unforced, { role: "operator" })).status).toBe(404);
  });

  it("is told to its caller", async () => {
    const { call } = await aManager(byHeader);
    expect((await call("GET", "/system", undefined, { role: "editor" })).body).toMatchObject({
      role: "editor",
    });
    const open = await aManager();
    expect((await open.call("GET", "/system")).body).toMatchObject({ role: "admin" });
  });

  it("that is none admits nobody", async () => {
    const { call } = await aManager(byHeader);
    expect(await call("GET", "/schedules", undefined, { role: "king" })).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN" } },
    });
  });
});

describe("a token of a lesser role", () => {
  const token = "admin-token-of-the-tests";
  const viewer = "viewer-token-of-the-tests";
  const by = (given: string) => ({ authorization: `Bearer ${given}` });

  it("admits to what its role may do", async () => {
    const { call } = await aManager({ authorize: { token, tokens: { viewer } } });
    expect((await call("PUT", "/schedules/orders", minutes(2), by(token))).status).toBe(200);
    expect((await call("GET", "/schedules/orders", undefined, by(viewer))).status).toBe(200);
    expect(await call("POST", "/schedules/orders/pause", undefined, by(viewer))).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN" } },
    });
    expect((await call("GET", "/schedules/orders", undefined, by("another-token-of-tests"))).status).toBe(
      401,
    );
  });

  it.each([
    ["tokens.viewer", { viewer: "short" }],
    ["tokens.admin", { admin: viewer }],
    ["tokens.king", { king: viewer }],
  ])("is checked at the start: %s", async (name, tokens) => {
    await expect(aManager({ authorize: { token, tokens: tokens as never } })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
      field: `authorize.${name}`,
    });
  });
});
