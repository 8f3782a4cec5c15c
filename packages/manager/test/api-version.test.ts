import { describe, expect, it } from "@jest/globals";
import { useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("the version of the interface", () => {
  it("is in every answer, refusals too", async () => {
    const { call } = await aManager({ authorize: () => false });
    for (const path of ["/health", "/openapi.json", "/schedules", "/nowhere"]) {
      expect((await call("GET", path)).headers.get("tidegate-api")).toBe("1");
    }
  });

  it("may be in a request, which a manager of another version refuses", async () => {
    const { call } = await aManager();
    expect((await call("GET", "/schedules", undefined, { "tidegate-api": "1" })).status).toBe(200);
    expect(await call("GET", "/schedules", undefined, { "tidegate-api": "2" })).toMatchObject({
      status: 400,
      body: {
        error: {
          code: "REQUEST_INVALID",
          field: "tidegate-api",
          message: expect.stringContaining("version 1"),
        },
      },
    });
  });

  it("is the version of the OpenAPI document", async () => {
    const { call } = await aManager();
    expect((await call("GET", "/openapi.json")).body).toMatchObject({ info: { version: "1" } });
  });
});
