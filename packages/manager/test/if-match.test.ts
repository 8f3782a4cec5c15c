import { describe, expect, it } from "@jest/globals";
import { onContract } from "./bed/contract.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("If-Match", () => {
  const stale = { status: 412, body: { error: { code: "SCHEDULE_VERSION_STALE", field: "if-match" } } };

  async function atVersionTwo() {
    const { call } = await onContract(await aManager());
    const definition = minutes(0);
    const first = await call("PUT", "/schedules/orders", definition);
    expect(first.headers.get("etag")).toBe('"1"');
    const second = await call("PUT", "/schedules/orders", { ...definition, description: "new" });
    expect(second.headers.get("etag")).toBe('"2"');
    return { call, definition };
  }

  it("lets only those change a schedule who have seen its version", async () => {
    const { call, definition } = await atVersionTwo();
    expect((await call("GET", "/schedules/orders")).headers.get("etag")).toBe('"2"');
    const acts = [
      ["PUT", "/schedules/orders", { ...definition, description: "newer" }],
      ["POST", "/schedules/orders/pause", undefined],
      ["POST", "/schedules/orders/resume", undefined],
      ["DELETE", "/schedules/orders", undefined],
    ] as const;
    for (const [method, path, body] of acts) {
      for (const tag of ['"1"', '"3", "1"', 'W/"2"', '"x"', '""']) {
        expect(await call(method, path, body, { "if-match": tag })).toMatchObject(stale);
      }
      for (const tag of ["2", '"2', "", '"2" "3"', "*,*"]) {
        expect(await call(method, path, body, { "if-match": tag })).toMatchObject({
          status: 400,
          body: { error: { code: "REQUEST_INVALID", field: "if-match" } },
        });
      }
    }
    expect((await call("GET", "/schedules/orders")).body).toMatchObject({ version: 2, status: "REGISTERED" });
    const [put, pause, resume, remove] = acts;
    const paused = await call(pause[0], pause[1], undefined, { "if-match": '"1", "2"' });
    expect([paused.status, paused.headers.get("etag")]).toEqual([200, '"2"']);
    expect((await call(resume[0], resume[1], undefined, { "if-match": "*" })).status).toBe(200);
    const changed = await call(put[0], put[1], put[2], { "if-match": '"2"' });
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, '"3"']);
    expect((await call(remove[0], remove[1], undefined, { "if-match": '"3"' })).status).toBe(204);
  });

  it("registers nothing", async () => {
    const { call } = await onContract(await aManager());
    for (const tag of ["*", '"1"']) {
      expect(await call("PUT", "/schedules/orders", minutes(0), { "if-match": tag })).toMatchObject({
        status: 404,
        body: { error: { code: "SCHEDULE_NOT_FOUND" } },
      });
    }
  });

  it("lets one of several writers win", async () => {
    const { call, definition } = await atVersionTwo();
    const answers = await Promise.all(
      ["a", "b", "c", "d"].map((description) =>
        call("PUT", "/schedules/orders", { ...definition, description }, { "if-match": '"2"' }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  });
});
