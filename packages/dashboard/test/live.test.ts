import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { ManagerClient } from "@tidegate/client";
import { createManager, serverOptions } from "@tidegate/manager";
import { freePort } from "@tidegate/test-servers";
import Fastify from "fastify";
import type { Browser, Request } from "playwright-core";
import { openPage, startBrowser } from "./bed/browser.js";
import { builtDashboard, type Service, startService, until } from "./bed/service.js";

const GROUP = {
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: "2025-10-20T00:00:00Z",
  endTime: "2025-10-20T03:00:00Z",
} as const;

let browser: Browser;
const services: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  browser = await startBrowser();
});

afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

afterAll(() => browser?.close());

async function start(...given: Parameters<typeof startService>): Promise<Service> {
  const service = await startService(...given);
  services.push(service);
  return service;
}

describe("what is shown", () => {
  it("follows the ledger, and does not poll", async () => {
    const { url, tidegate } = await start();
    const page = await openPage(browser);
    await page.clock.install();
    const asked: string[] = [];
    const open = new Set<Request>();
    page.on("request", (request) => {
      if (request.resourceType() !== "fetch") return;
      asked.push(request.url());
      open.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"] as const) {
      page.on(end as "requestfinished", (request) => open.delete(request));
    }
    await page.goto(`${url}/dashboard/groups`);
    await page.getByText("There is no group yet").waitFor();
    await tidegate.client.register({ ...GROUP, groupId: "arrivals" });
    await page.getByRole("link", { name: "arrivals" }).waitFor();
    await until(async () => {
      const { items } = await tidegate.client.runs({ groupId: "arrivals" });
      return items.length === 3 && items.every(({ state }) => state === "SUCCEEDED");
    });
    await tidegate.client.pause("arrivals");
    await page.getByText("Paused", { exact: true }).last().waitFor();
    // The page's clock runs ahead of the manager's: the last change is on its way before it does.
    const changes = new ManagerClient({ url }).events({ groupIds: ["last"] });
    await changes.next();
    await tidegate.client.register({
      ...GROUP,
      groupId: "last",
      startTime: "2999-01-01T00:00:00Z",
      endTime: null,
    });
    await changes.next();
    await changes.return();
    await page.getByRole("link", { name: "last" }).waitFor();
    await until(async () => {
      asked.length = 0;
      await page.clock.runFor("00:05");
      return asked.length === 0 && open.size === 0;
    });
    await page.clock.runFor("10:00");
    // A change may still have been on its way; a page that polls asks hundreds of times in ten minutes.
    expect(asked.length).toBeLessThan(8);
    await page.context().close();
  });

  it("says that the manager is away, and goes on when it is back", async () => {
    const port = await freePort();
    const first = await startService({}, port);
    const page = await openPage(browser);
    await page.goto(`${first.url}/dashboard/groups`);
    await page.getByText("There is no group yet").waitFor();
    await first.close();
    await page.getByText("Shown is what was read last").waitFor();
    const second = await start({}, port);
    await second.tidegate.client.register(GROUP);
    await page.getByRole("link", { name: "orders" }).waitFor();
    await page.getByText("Shown is what was read last").waitFor({ state: "detached" });
    await page.context().close();
  });
});

describe("a manager with a token", () => {
  it("is asked for it, refuses a wrong one, and is shown with the right one", async () => {
    const token = "a-token-of-the-tests";
    const { url, tidegate } = await start({ authorize: { token } });
    await tidegate.client.register(GROUP);
    const page = await openPage(browser);
    await page.goto(`${url}/dashboard/groups`);
    await page.getByLabel("Token").fill("not-the-token-of-the-tests");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The manager does not accept this token.").waitFor();
    await page.getByLabel("Token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "orders" }).waitFor();
    await page.context().close();
  });
});

describe("a manager in a server of one's own", () => {
  it("has one stream of changes for all pages of a browser, and each of them follows", async () => {
    const { tidegate } = await start();
    await tidegate.client.register(GROUP);
    const server = Fastify({ ...serverOptions() });
    let streams = 0;
    server.addHook("onRequest", async ({ url }) => {
      if (/\/events(\?|$)/.test(url)) streams += 1;
    });
    await server.register(createManager({ tidegate, dashboard: builtDashboard() }).plugin);
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    services.unshift(server);
    const first = await openPage(browser);
    const context = first.context();
    const pages = [first, await context.newPage(), await context.newPage()];
    for (const page of pages) {
      await page.goto(`${url}/dashboard/groups`);
      await page.getByRole("row", { name: /^orders Live/ }).waitFor();
    }
    await tidegate.client.pause("orders");
    for (const page of pages) await page.getByRole("row", { name: /^orders Paused/ }).waitFor();
    expect(streams).toBe(1);
    await context.close();
  });

  it("shows its pages under any prefix, also at addresses deep below it", async () => {
    const { tidegate } = await start();
    await tidegate.client.register(GROUP);
    const server = Fastify({ ...serverOptions() });
    const { plugin } = createManager({ tidegate, dashboard: builtDashboard() });
    await server.register(plugin, { prefix: "/data/tidegate" });
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    services.unshift(server);
    const page = await openPage(browser);
    await page.goto(`${url}/data/tidegate/dashboard/groups/orders`);
    await page.getByRole("heading", { level: 1, name: "orders" }).waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/data/tidegate/dashboard/");
    await page.context().close();
  });
});
