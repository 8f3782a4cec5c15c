import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("the pages of a dashboard", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "tidegate-web-"));
    mkdirSync(join(directory, "assets"));
    writeFileSync(join(directory, "index.html"), "<html><head></head></html>");
    writeFileSync(join(directory, "assets", "app-1.js"), "export {};");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it("find their files and their manager from any address below them", async () => {
    const { call } = await aManager({ dashboard: { directory } });
    const base = async (path: string) => /<base href="([^"]*)">/.exec((await call("GET", path)).text)?.[1];
    expect(await base("/dashboard/")).toBe("./");
    expect(await base("/dashboard/groups")).toBe("./");
    expect(await base("/dashboard/groups/orders?from=1/2")).toBe("../");
  });

  it("allow nothing of other sites, and no frame around them", async () => {
    const { call } = await aManager({ dashboard: { directory } });
    const { headers } = await call("GET", "/dashboard/");
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    );
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("have files that are kept for ever, as their names say what is in them", async () => {
    const { call } = await aManager({ dashboard: { directory } });
    const { status, text, headers } = await call("GET", "/dashboard/assets/app-1.js");
    expect({ status, text }).toEqual({ status: 200, text: "export {};" });
    expect(headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(headers.get("cache-control")).toContain("immutable");
    expect((await call("GET", "/dashboard/assets/app-2.js")).status).toBe(404);
    expect((await call("GET", "/dashboard/assets/..%2f..%2fetc/passwd")).text).not.toContain("root:");
  });

  it("are open where a token is asked for, since they hold no data, and guarded by a function", async () => {
    const token = "a-token-of-the-tests";
    const open = await aManager({ dashboard: { directory }, authorize: { token } });
    expect((await open.call("GET", "/dashboard/")).status).toBe(200);
    const guarded = await aManager({ dashboard: { directory }, authorize: () => false });
    expect((await guarded.call("GET", "/dashboard/")).status).toBe(403);
    expect((await guarded.call("GET", "/dashboard/assets/app-1.js")).status).toBe(403);
  });

  it("need a folder with a page", async () => {
    await expect(aManager({ dashboard: { directory: join(directory, "assets") } })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
      field: "dashboard.directory",
    });
  });
});
