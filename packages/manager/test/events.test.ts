import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { describe, expect, it } from "@jest/globals";
import type { LedgerChange } from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

interface Block {
  readonly id?: string;
  readonly event?: string;
  readonly data?: { readonly changes?: readonly LedgerChange[] };
  readonly comment?: string;
}

/** A stream as it is sent. */
class Stream {
  readonly response: IncomingMessage;
  #text = "";
  #blocks: Block[] = [];

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding("utf8").on("data", (piece: string) => {
      this.#text += piece;
      const parts = this.#text.split("\n\n");
      this.#text = parts.pop()!;
      this.#blocks.push(...parts.map(blockOf));
    });
  }

  /** The first block that has this, of those that no one has waited for. */
  async next(has: (block: Block) => boolean): Promise<Block> {
    for (;;) {
      const index = this.#blocks.findIndex(has);
      if (index >= 0) return this.#blocks.splice(0, index + 1).at(-1)!;
      await once(this.response, "data");
    }
  }

  get isSilent(): boolean {
    return this.#blocks.length === 0;
  }

  close(): void {
    this.response.destroy();
  }
}

function blockOf(text: string): Block {
  const fields = text.split("\n").map((line) => {
    const colon = line.indexOf(": ");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    return name === "" ? ["comment", value] : [name, name === "data" ? JSON.parse(value) : value];
  });
  return Object.fromEntries(fields) as Block;
}

async function open(url: string, query = "", headers: Record<string, string> = {}): Promise<Stream> {
  const sent = request(`${url}/events${query}`, { headers }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return new Stream(response);
}

const isReset = ({ event }: Block): boolean => event === "reset";
const isOf =
  (kind: string, groupId: string) =>
  ({ data }: Block): boolean =>
    data?.changes?.some((change) => change.kind === kind && change.groupId === groupId) === true;

describe("the stream of events", () => {
  it("begins with a reset, and names what was written and where to continue", async () => {
    const { url, call } = await aManager();
    const stream = await open(url);
    expect(stream.response).toMatchObject({
      statusCode: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" },
    });
    const { id, data } = await stream.next(isReset);
    expect({ id, data }).toEqual({ id: expect.stringMatching(/^\d+\.\w+$/), data: {} });
    await call("PUT", "/schedules/orders", minutes(1));
    await stream.next(isOf("schedule", "orders"));
    await call("POST", "/schedules/orders/trigger");
    const told = await stream.next(isOf("run", "orders"));
    const run = told.data!.changes!.find(({ kind }) => kind === "run");
    expect(run!.runs).toContainEqual({ id: expect.any(String), state: expect.any(String) });
    stream.close();

    await call("POST", "/schedules/orders/pause");
    const resumed = await open(url, "", { "last-event-id": told.id! });
    expect((await resumed.next(({ event }) => event !== undefined)).event).toBe("changes");
    const strange = await open(url, "", { "last-event-id": "12.unknown" });
    expect((await strange.next(({ event }) => event !== undefined)).event).toBe("reset");
  });

  it("tells only of some groups or kinds if it is asked to", async () => {
    const { url, call } = await aManager();
    const ofGroups = await open(url, "?group=a&group=b");
    const ofKinds = await open(url, "?kind=pool&kind=seal");
    await Promise.all([ofGroups.next(isReset), ofKinds.next(isReset)]);
    for (const group of ["c", "a"]) await call("PUT", `/schedules/${group}`, minutes(0));
    await call("PUT", "/pools/warehouse", { slots: 1 });
    const first = await ofGroups.next(({ event }) => event !== undefined);
    expect(first.data!.changes!.map(({ groupId }) => groupId)).not.toContain("c");
    expect((await ofKinds.next(({ event }) => event !== undefined)).data).toEqual({
      changes: [{ kind: "pool", groupId: null }],
    });
  });

  it("shows every 15 s that it is alive, and how far it has come", async () => {
    const clock = new VirtualClock({ start: Date.now() });
    const { url, call } = await aManager({}, gatedOperator(), clock);
    const stream = await open(url, "?kind=seal");
    const quiet = await open(url, "?kind=seal");
    await clock.advance(1_000);
    const { id } = await stream.next(isReset);
    await call("PUT", "/schedules/orders", minutes(0));
    await clock.advance(1_000);
    expect(stream.isSilent).toBe(true);
    await clock.advance(15_000);
    const beat = await stream.next(({ comment }) => comment === "hb");
    expect(Number(beat.id!.split(".")[0])).toBeGreaterThan(Number(id!.split(".")[0]));
    await clock.advance(15_000);
    expect(await stream.next(({ comment }) => comment === "hb")).toEqual({ comment: "hb" });
    quiet.close();
  });

  it("ends when the manager is closed", async () => {
    const { url, manager } = await aManager();
    const stream = await open(url);
    await stream.next(isReset);
    const ended = once(stream.response, "end");
    await manager.close();
    await ended;
  });

  it("is refused like everything else", async () => {
    const { call } = await aManager({ authorize: { token: "a-token-of-the-tests" } });
    expect(await call("GET", "/events")).toMatchObject({
      status: 401,
      body: { error: { code: "UNAUTHORIZED" } },
    });
    const bearer = { authorization: "Bearer a-token-of-the-tests" };
    for (const [query, field] of [
      ["?kind=weather", "kind"],
      ["?group=", "group"],
      ["?since=1", ""],
    ]) {
      const { status, body } = await call<{ error: object }>("GET", `/events${query}`, undefined, bearer);
      expect({ query, status, body }).toMatchObject({
        query,
        status: 400,
        body: { error: { code: "REQUEST_INVALID", ...(field === "" ? {} : { field }) } },
      });
    }
    expect(await call("HEAD", "/events", undefined, bearer)).toMatchObject({ status: 405 });
  });
});
