import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { clientTypes } from "@tidegate/test-clients";
import { ROUTES } from "../src/operations.js";
import { type Running, startManager } from "./support/manager.js";

const resolve = createRequire(import.meta.url).resolve;
const PACKAGE = dirname(resolve("@tidegate/client/package.json"));
const CACHE = join(PACKAGE, "node_modules", ".cache");

/** Does not compile if what is sent is not in the document, or if what it documents is not what the client returns. */
const CHECK = `
import type { Operations } from "@tidegate/client/operations";
import type { ServiceErrorCode as Client } from "@tidegate/client/manager-error";
import type { JsonValue, RunState, ScheduleClient } from "@tidegate/core";
import type { ManagerClient } from "@tidegate/client/manager-client";
import type { ServiceErrorCode as Service } from "@tidegate/manager";
import type { operations } from "./manager.js";

type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;
type Success<T> = T extends { responses: infer R } ? Json<R[keyof R & (200 | 202 | 204)]> : never;
type Part<T, Name extends string> = T extends { [key in Name]?: infer P }
  ? [NonNullable<P>] extends [never] ? {} : NonNullable<P>
  : {};
type Parameters<T, Name extends string> = T extends { parameters: infer P } ? Part<P, Name> : {};
type Body<T> = T extends { requestBody?: infer B } ? Json<NonNullable<B>> : undefined;

/** A date is sent as RFC 3339. */
type Sent<T> = T extends Date ? string : T extends readonly (infer I)[] ? Sent<I>[] : T extends object ? { [K in keyof T]: Sent<T[K]> } : T;
/** The document describes JSON of any form as unknown, and a table by state as one of any names. */
type Given<T> = [JsonValue] extends [T] ? unknown
  : T extends Record<RunState, number> ? Readonly<Record<string, number>>
  : T extends readonly (infer I)[] ? readonly Given<I>[]
  : T extends object ? { readonly [K in keyof T]: Given<T[K]> } : T;
/** Nothing is sent for an undefined value. */
type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> };

type Wrong<K extends keyof Operations & keyof operations> =
  | (Given<Success<operations[K]>> extends Given<Operations[K]["answer"]> | null ? never : "answer")
  | (keyof Part<Operations[K], "query"> extends keyof Parameters<operations[K], "query"> ? never : "name in query")
  | (Sent<Known<Part<Operations[K], "query">>> extends Known<Parameters<operations[K], "query">> ? never : "query")
  | (keyof Part<Operations[K], "headers"> extends keyof Parameters<operations[K], "header"> ? never : "header")
  | (keyof Part<Operations[K], "path"> extends keyof Parameters<operations[K], "path"> ? never : "path")
  | (keyof Part<Operations[K], "body"> extends keyof NonNullable<Body<operations[K]>> ? never : "name in body");

/** Neither knows a code that the other does not. */
type Codes = { [K in Exclude<Service, Client> | Exclude<Client, Service>]: "code" };
export const codes: Codes = {};

/** A method of one name has one type. */
export const alike: Pick<ScheduleClient, keyof ScheduleClient & keyof ManagerClient> = null as unknown as ManagerClient;

type Report = { [K in keyof Operations & keyof operations as [Wrong<K>] extends [never] ? never : K]: Wrong<K> };
/** The differences by operation: the compiler names them. */
export const report: Report = {};
`;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

describe("the client and the manager's OpenAPI document", () => {
  let manager: Running;
  let document: Document;

  beforeAll(async () => {
    manager = await startManager();
    document = (await (await fetch(`${manager.url}/openapi.json`)).json()) as Document;
  });
  afterAll(() => manager.close());

  it("have the same operations at the same addresses", () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { operationId }]) => [
        operationId,
        `${method.toUpperCase()} ${path}`,
      ]),
    );
    const { openapi, ...routes } = Object.fromEntries(documented) as Record<string, string>;
    expect(openapi).toBe("GET /openapi.json");
    expect(routes).toEqual(ROUTES);
  });

  it("agree on the types of requests and answers", async () => {
    mkdirSync(CACHE, { recursive: true });
    const folder = mkdtempSync(join(CACHE, "contract-"));
    writeFileSync(join(folder, "manager.ts"), await clientTypes(document));
    writeFileSync(join(folder, "check.ts"), CHECK);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = {
      strict: true,
      target: "es2023",
      lib: ["es2023", "dom", "dom.iterable"],
      types: [],
      module: "nodenext",
      skipLibCheck: true,
      noEmit: true,
      noErrorTruncation: true,
      paths: { "@tidegate/client/*": [join(PACKAGE, "src", "*.ts")] },
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["check.ts"] }));
    const tsc = join(dirname(resolve("typescript/package.json")), "bin", "tsc");
    const compiled = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(
      (error: { stdout: string }) => ({ stdout: error.stdout }),
    );
    rmSync(folder, { recursive: true });
    expect(compiled.stdout).toBe("");
  });
});
