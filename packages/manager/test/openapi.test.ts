import { describe, expect, it } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import Fastify from "fastify";
import { managerPlugin } from "../src/plugin.js";
import type { OpenapiDocument } from "./bed/contract.js";
import { useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("the OpenAPI document", () => {
  it("is valid, and names each operation once", async () => {
    const { call } = await aManager();
    const { body } = await call<OpenapiDocument>("GET", "/openapi.json");
    const validator = new Validator();
    expect(await validator.validate(structuredClone(body) as never)).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
    const operations = Object.values(body.paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { summary, responses } of operations) {
      expect(summary).toMatch(/\.$/);
      expect(Object.keys(responses).some((status) => status.startsWith("2"))).toBe(true);
    }
  });

  it("lists every route there is", async () => {
    const { tidegate, call } = await aManager();
    const routes = new Set<string>();
    const server = Fastify();
    server.addHook("onRoute", ({ method, url }) => {
      for (const each of [method].flat()) if (each !== "HEAD") routes.add(`${each} ${url}`);
    });
    const callbacks = {
      airflow: { token: "a-token-of-the-tests" },
      inlong: { token: "a-token-of-the-tests" },
    };
    await server.register(managerPlugin({ tidegate, callbacks }));
    await server.ready();
    await server.close();
    const { body } = await call<OpenapiDocument>("GET", "/openapi.json");
    const documented = Object.entries(body.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
      ),
    );
    expect(documented.sort()).toEqual([...routes].sort());
    expect(documented.length).toBeGreaterThan(20);
  });

  it("says of instants that they may be numbers, digits or RFC 3339", async () => {
    const { call } = await aManager();
    const { text } = await call("GET", "/openapi.json");
    const path = JSON.parse(text).paths["/engines/{engine}/callbacks"].post;
    const { lowerBoundary } = path.requestBody.content["application/json"].schema.properties;
    const types = lowerBoundary.anyOf[0].anyOf.map(({ type, format }: { type: string; format?: string }) => [
      type,
      format,
    ]);
    expect(types).toEqual([
      ["integer", undefined],
      ["string", undefined],
      ["string", "date-time"],
    ]);
  });
});
