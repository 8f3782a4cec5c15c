import { describe, expect, it } from "@jest/globals";
import type { DependencyTree } from "@tidegate/core";
import { onContract } from "./bed/contract.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("dependencies over REST", () => {
  it.each<[DependencyTree, number, string, string]>([
    [{ groupId: "loads", atLeast: "0%" }, 400, "DEPENDENCY_INVALID", "dependsOn.atLeast"],
    [{ groupId: "loads", atLeast: "101%" }, 400, "DEPENDENCY_INVALID", "dependsOn.atLeast"],
    [{ groupId: "loads", window: { to: "-1 minute" } }, 400, "DEPENDENCY_INVALID", "dependsOn.window"],
    [{ groupId: "loads", window: { from: "-1" } }, 400, "DEPENDENCY_INVALID", "dependsOn.window.from"],
    [{ any: [{ groupId: "loads" }, { all: [] }] }, 400, "DEPENDENCY_INVALID", "dependsOn.any.1.all"],
    [{ groupId: "report" }, 409, "DEPENDENCY_CYCLE", "dependsOn"],
    [{ groupId: "reader" }, 409, "DEPENDENCY_CYCLE", "dependsOn"],
    [{ any: [{ groupId: "reader" }, { groupId: "loads" }] }, 409, "DEPENDENCY_CYCLE", "dependsOn"],
    [{ all: [{ groupId: "loads" }] }, 400, "DEPENDENCY_UNKNOWN", "dependsOn.all.0.groupId"],
  ])("%j are refused with code and field, and nothing is stored", async (dependsOn, status, code, field) => {
    const { call } = await onContract(await aManager());
    const onReport = { groupId: "report", mayComeLater: true };
    expect(await call("PUT", "/schedules/reader", minutes(0, { dependsOn: onReport }))).toMatchObject({
      status: 200,
    });
    expect(await call("PUT", "/schedules/report", minutes(0, { dependsOn }))).toMatchObject({
      status,
      body: { error: { code, field } },
    });
    expect(await call("GET", "/schedules/report")).toMatchObject({ status: 404 });
  });

  it("come with notes on what they mean", async () => {
    const { call } = await onContract(await aManager());
    const dependsOn = { groupId: "loads", mayComeLater: true };
    const answer = await call("PUT", "/schedules/report", minutes(0, { dependsOn }));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        notes: ["dependsOn: loads has no schedule yet; runs wait until it has one that covers their time."],
      },
    });
  });
});
