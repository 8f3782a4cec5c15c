import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { ChangeNews, ScheduleInfo } from "@tidegate/core";
import { ManagerClient } from "../src/index.js";
import { startManager, TOKEN } from "./support/manager.js";

const ONCE: ScheduleInfo = {
  groupId: "orders",
  trigger: { type: "once", at: Date.parse("2126-01-01T00:00:00Z") },
  job: { function: "load" },
};

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

async function heard(news: AsyncIterator<ChangeNews>): Promise<ChangeNews> {
  return (await news.next()).value as ChangeNews;
}

describe("the events of a client", () => {
  it("are the changes that a manager reports, until they are no longer wanted", async () => {
    const manager = await startManager();
    toClose.push(() => manager.close());
    const client = new ManagerClient({ url: manager.url, token: TOKEN });
    const ending = new AbortController();
    const connection: boolean[] = [];
    const news = client.events({
      groupIds: ["orders"],
      kinds: ["schedule"],
      signal: ending.signal,
      onConnection: (isOpen) => connection.push(isOpen),
    });
    expect(await heard(news)).toMatchObject({ isReset: true, changes: [] });
    await client.ensure({ ...ONCE, groupId: "others" });
    await client.ensure(ONCE);
    const { position, ...told } = await heard(news);
    expect(told).toEqual({ isReset: false, changes: [{ kind: "schedule", groupId: "orders" }] });

    await client.pause("orders");
    const resumed = client.events({ after: position });
    expect(await heard(resumed)).toMatchObject({
      isReset: false,
      changes: [{ kind: "schedule", groupId: "orders" }],
    });
    await resumed.return();
    ending.abort();
    await heard(news);
    expect(await news.next()).toEqual({ value: undefined, done: true });
    expect(connection).toEqual([true]);
  });

  it("end with a refusal, and if there is no manager from the start", async () => {
    const manager = await startManager();
    const client = new ManagerClient({ url: manager.url, token: "another-token-of-tests" });
    await expect(client.events().next()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    await manager.close();
    await expect(client.events().next()).rejects.toMatchObject({ code: "MANAGER_UNAVAILABLE" });
  });

  it("continue where they were after a break, without doubles", async () => {
    const asked: unknown[] = [];
    const answers = [
      (response: ServerResponse) => {
        response.write("id: 1.a\nevent: reset\ndata: {}\n\n: hb\nid: 7.a\n\nid: 8.a\nevent: cha");
        setImmediate(() => response.destroy());
      },
      (response: ServerResponse) =>
        response.end('id: 8.a\nevent: changes\ndata: {"changes":[{"kind":"pool","groupId":null}]}\n\n'),
    ];
    const server = createServer((request, response) => {
      asked.push(request.headers["last-event-id"]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      answers.shift()!(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    toClose.push(() => server.close());
    const connection: boolean[] = [];
    const { port } = server.address() as AddressInfo;
    const client = new ManagerClient({ url: `http://127.0.0.1:${port}` });
    const news = client.events({ onConnection: (isOpen) => connection.push(isOpen) });
    expect(await heard(news)).toEqual({ position: "1.a", isReset: true, changes: [] });
    expect(await heard(news)).toEqual({
      position: "8.a",
      isReset: false,
      changes: [{ kind: "pool", groupId: null }],
    });
    await news.return();
    expect(asked).toEqual([undefined, "7.a"]);
    expect(connection).toEqual([true, false, true]);
  });
});
