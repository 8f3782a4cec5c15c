import { describe, expect, it } from "@jest/globals";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import Fastify from "fastify";
import { managerPlugin } from "../src/plugin.js";
import { contractOf, type JsonSchema, type OpenapiDocument } from "./bed/contract.js";
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

  it("passes a strict linter", async () => {
    const { call } = await aManager({ authorize: { token: "a-token-of-the-tests" } });
    const { text } = await call("GET", "/openapi.json");
    const config = await createConfig({
      extends: ["recommended-strict"],
      // The linter does not know tables whose keys are listed in `propertyNames`.
      rules: { "no-required-schema-properties-undefined": "off" },
    });
    const problems = await lintFromString({ source: text, absoluteRef: "openapi.json", config });
    expect(
      problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
    ).toEqual([]);
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
    const { document } = await contractOf(await aManager());
    const { Callback, Instant } = document.components.schemas;
    const { lowerBoundary } = Callback!.properties as Record<string, { anyOf: JsonSchema[] }>;
    expect(lowerBoundary!.anyOf).toEqual([{ $ref: "#/components/schemas/Instant" }, { type: "null" }]);
    const types = (Instant!.anyOf as JsonSchema[]).map(({ type, format }) => [type, format]);
    expect(types).toEqual([
      ["integer", undefined],
      ["string", undefined],
      ["string", "date-time"],
    ]);
  });

  it("names every schema that a client has a word for", async () => {
    const { document } = await contractOf(await aManager());
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining([
        "Run",
        "Schedule",
        "ScheduleSpec",
        "GroupDefinition",
        "Error",
        "Backfill",
        "BackfillPlan",
        "AuditReport",
        "Callback",
        "Receipt",
        "Interval",
        "RunPage",
      ]),
    );
    const { get } = document.paths["/runs/{id}"]!;
    expect(get!.responses[200]!.content!["application/json"].schema).toMatchObject({
      $ref: "#/components/schemas/Run",
    });
    expect(get!.responses[404]!.content!["application/json"].schema).toMatchObject({
      $ref: "#/components/schemas/Error",
    });
  });

  it("describes every schema, field and parameter", async () => {
    const { document } = await contractOf(await aManager());
    const bare: string[] = [];
    const look = (path: string, schema: JsonSchema): void => {
      for (const [name, field] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
        if (!/^[A-Z0-9`].*\S$/s.test(String(field.description ?? ""))) bare.push(`${path}.${name}`);
        look(`${path}.${name}`, field);
      }
      const parts = [schema.items, ...["anyOf", "oneOf", "allOf"].map((key) => schema[key])].flat();
      for (const part of parts) if (part !== undefined) look(path, part as JsonSchema);
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (schema.description === undefined) bare.push(name);
      look(name, schema);
    }
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { parameters = [], responses } of Object.values(operations)) {
        for (const { name, description } of parameters) if (!description) bare.push(`${path} ${name}`);
        for (const [status, answer] of Object.entries(responses)) {
          if (!answer?.description || answer.description === "Default Response")
            bare.push(`${path} ${status}`);
        }
      }
    }
    expect(bare).toEqual([]);
  });

  it("has an example for every body that is sent, and examples that are valid", async () => {
    const contract = await contractOf(await aManager());
    const { paths, components } = contract.document;
    const bodies = Object.values(paths)
      .flatMap((path) => Object.values(path))
      .flatMap(({ requestBody }) => [...JSON.stringify(requestBody ?? {}).matchAll(/schemas\/(\w+)/g)])
      .map(([, name]) => name!);
    expect(bodies.length).toBeGreaterThan(5);
    for (const name of bodies) expect({ name, ...components.schemas[name] }).toHaveProperty("examples");
    for (const [name, { examples = [] }] of Object.entries(components.schemas)) {
      for (const example of examples as unknown[]) {
        expect({ name, example, errors: contract.errorsBy(name, example) }).toEqual({
          name,
          example,
          errors: [],
        });
      }
    }
  });

  it("documents on every route how a refusal looks, and which credentials it takes", async () => {
    const { document } = await contractOf(await aManager({ authorize: { token: "a-token-of-the-tests" } }));
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const { responses, security, operationId } of Object.values(operations)) {
        const isOpen = path === "/health" || path === "/openapi.json";
        const isCallback = path.startsWith("/engines/") || path.startsWith("/inlong/");
        expect({ operationId, security }).toEqual({
          operationId,
          security: isOpen ? [] : isCallback ? expect.any(Array) : undefined,
        });
        expect(Object.keys(responses)).toContain("default");
        for (const status of isOpen ? [] : ["400", "401", "500", "503"]) {
          expect(Object.keys(responses)).toContain(status);
        }
        for (const [status, answer] of Object.entries(responses)) {
          if (status.startsWith("2")) continue;
          const schema = answer!.content!["application/json"].schema;
          expect(schema.$ref).toMatch(/schemas\/(Inlong)?Error$/);
        }
      }
    }
    expect(document).toHaveProperty("security", [{ bearer: [] }]);
  });

  it("asks for no body where none is needed", async () => {
    const { document } = await contractOf(await aManager());
    const required = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { requestBody }]) => requestBody?.required === true)
        .map(([method]) => `${method} ${path}`),
    );
    expect(required.sort()).toEqual([
      "post /engines/{engine}/callbacks",
      "post /groups/{groupId}/coverage",
      "post /groups/{groupId}/seal",
      "post /inlong/manager/api/group/submitOfflineJob",
      "post /preview",
      "post /restatements",
      "post /restatements/plans",
      "post /schedules/{groupId}/backfills",
      "post /schedules/{groupId}/offsets",
      "post /schedules/{groupId}/rebase",
      "post /schedules/{groupId}/snapshots",
      "put /pools/{name}",
      "put /schedules/{groupId}",
      "put /sources/{groupId}",
    ]);
  });
});
