import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { SystemClock } from "@tidegate/core/clock";
import { VirtualClock } from "@tidegate/core/testing";
import { until } from "@tidegate/testkit";
import { createFlinkOperator } from "../src/index.js";
import { RestEndpoint } from "../src/rest/http.js";
import { SqlGateway } from "../src/rest/sql-gateway.js";
import { Sessions } from "../src/sql/sessions.js";
import { SqlRunner } from "../src/sql/sql-runner.js";
import { aRequest, untroubled } from "./support/requests.js";

const SQL = { sql: { statement: "INSERT OVERWRITE t SELECT {{lower.date}}" } };

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe("an address that is not the JobManager's", () => {
  it.each<[string, RequestListener, RegExp]>([
    ["has other pages", (_, response) => response.writeHead(404).end(), /answered 404 .*option.* url/],
    ["has pages only", (_, response) => response.end("<html></html>"), /does not answer with JSON/],
    ["has other JSON", (_, response) => response.end("{}"), /is no JobManager/],
    ["lets nobody in", (_, response) => response.writeHead(401).end(), /credentials \(option headers\)/],
  ])("is told before the gateway gets anything, where it %s", async (_, listener, message) => {
    let asked = 0;
    const gatewayUrl = await served((_request, response) => {
      asked += 1;
      response.end();
    });
    const url = await served(listener);
    const refused = createFlinkOperator({ url, gatewayUrl }).submit(aRequest(SQL), untroubled());
    await expect(refused).rejects.toMatchObject({ name: "OperatorError", code: "JOB_FAILED" });
    await expect(refused).rejects.toThrow(url);
    await expect(refused).rejects.toThrow(message);
    expect(asked).toBe(0);
  });

  it("is told where nobody answers", async () => {
    const url = await served(() => undefined);
    servers.pop()?.close();
    const refused = createFlinkOperator({ url, gatewayUrl: url }).submit(aRequest(SQL), untroubled());
    await expect(refused).rejects.toMatchObject({ code: "JOB_FAILED" });
    await expect(refused).rejects.toThrow(`${url} does not answer (ECONNREFUSED)`);
  });
});

describe("an address that is not the gateway's", () => {
  it("gets no job, which is known at once", async () => {
    // A JobManager as far as it is asked here: it has no jobs.
    const url = await served(({ url: path }, response) => {
      if (path !== "/config") response.writeHead(404);
      response.end('{ "flink-version": "2.3.0" }');
    });
    const gatewayUrl = await served((_, response) => response.end("<html></html>"));
    const clock = new VirtualClock();
    const refused = createFlinkOperator({ url, gatewayUrl, clock }).submit(aRequest(SQL), untroubled());
    const message = `Flink took no job: ${gatewayUrl} does not answer with JSON`;
    const told = expect(refused).rejects.toMatchObject({
      name: "OperatorError",
      code: "JOB_FAILED",
      message: expect.stringContaining(message),
    });
    let isTold = false;
    void refused
      .catch(() => undefined)
      .finally(() => {
        isTold = true;
      });
    await until(async () => {
      await clock.advance(1_000);
      return isTold;
    });
    await told;
  });

  it("is named", async () => {
    const url = await served((_, response) => response.writeHead(404).end());
    const clock = new SystemClock();
    const gateway = new SqlGateway(new RestEndpoint(url, { headers: {}, timeoutMs: 30_000 }));
    const sessions = new Sessions(gateway, { clock, maxSessions: 1, heartbeatMs: 60_000 });
    const runner = new SqlRunner({ gateway, sessions, secrets: {}, clock });
    const refresh = { isPeriodic: false, staticPartitions: {}, dynamicOptions: {}, executionConfig: {} };
    const refused = runner.refresh({}, "a.b.c", refresh);
    await expect(refused).rejects.toThrow(`${url} answered 404 without a reason`);
    await sessions.close();
  });
});

/** Some other service. @returns its address */
async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
