import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import type { FlinkServer } from "@tidegate/test-servers";
import { createFlinkOperator, type FlinkOperatorOptions } from "../../src/index.js";
import { countsReads } from "../support/cluster.js";
import { Readings } from "../support/readings.js";
import { aRequest, HOUR, MIDNIGHT, untroubled } from "../support/requests.js";

/**
 * Tests jobs of SQL and of jars: what they do, and how they fail.
 *
 * @param started - returns a server whose gateway keeps a session that nobody uses for `idleMs`
 */
export function jobs(started: () => FlinkServer, idleMs: number): void {
  describe("jobs", () => {
    let flink: FlinkServer;
    let readings: Readings;
    let jarFolder: string;
    let operators: DefinedOperator[];

    beforeAll(() => {
      flink = started();
    });

    beforeEach(() => {
      readings = new Readings(flink.dataFolder);
      jarFolder = join(readings.source, "..", "jars");
      mkdirSync(jarFolder);
      operators = [];
    });

    afterEach(async () => {
      await Promise.all(operators.map((operator) => operator.stop()));
    });

    describe("a copy", () => {
      it("takes exactly the rows of its interval, and counts what was read where Flink does", async () => {
        const outcome = await carryOut(anOperator(), aRequest(readings.copy()));
        const counted = countsReads(flink) ? { metrics: { rowsRead: 1_440 } } : {};
        expect(outcome).toEqual({ state: "SUCCEEDED", ...counted });
        expect(readings.rows().map((row) => Number(row.split(",")[1]))).toEqual(
          Array.from({ length: 60 }, (_, minute) => minute),
        );
      });

      it("leaves nothing of an interval that has become empty", async () => {
        const operator = anOperator();
        await carryOut(operator, aRequest(readings.copy()));
        expect(readings.rows()).toHaveLength(60);
        writeFileSync(join(readings.source, "readings.csv"), "");
        expect(await carryOut(operator, aRequest(readings.copy()))).toMatchObject({ state: "SUCCEEDED" });
        expect(readings.rows()).toEqual([]);
      });

      it("has a page on Flink that its address leads to", async () => {
        const operator = anOperator({ webUrl: "https://flink.example.com/" });
        const { jobId, address } = await operator.submit(aRequest(readings.copy()), untroubled());
        expect(address).toBe(`https://flink.example.com/#/job/running/${jobId}/overview`);
      });
    });

    describe("boundaries and names in SQL", () => {
      it("arrive as they are, whatever they are", async () => {
        const operator = anOperator();
        const names = [
          "it's",
          "'; DROP TABLE t; --",
          '`a` "b" \\',
          "{{lower.date}} /* */",
          "naïve 日本 🌊",
          "a\nb\tc",
        ];
        for (const groupId of names) {
          const target = join(readings.target, String(names.indexOf(groupId)));
          const request = aRequest(printing(target, ["{{groupId}}"]), { groupId });
          expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
          expect(linesIn(target)).toEqual([{ c0: groupId }]);
        }
      });

      it("are values of their types, in the job's time zone", async () => {
        const expressions = ["timestamp", "timestamptz", "date", "epochMs", "epochS"].map(
          (type) => `CAST({{lower.${type}}} AS STRING)`,
        );
        const job = printing(readings.target, expressions, { timezone: "Asia/Kolkata" });
        await carryOut(anOperator(), aRequest(job));
        expect(linesIn(readings.target)).toEqual([
          {
            c0: "2026-01-01 05:30:00.000",
            c1: "2026-01-01 05:30:00.000",
            c2: "2026-01-01",
            c3: String(MIDNIGHT),
            c4: String(MIDNIGHT / 1_000),
          },
        ]);
      });

      it("may be the earliest and the latest there are", async () => {
        const bounds = { lowerBound: "beginning", upperBound: "8640000000000000" };
        const operator = anOperator();
        expect(await carryOut(operator, aRequest(readings.copy(), bounds))).toMatchObject({
          state: "SUCCEEDED",
        });
        expect(readings.rows()).toHaveLength(1_440);
      });

      it.each([
        [{ lowerBound: "0; DROP TABLE t" }, "lowerBound"],
        [{ upperBound: "" }, "upperBound"],
        [{ lowerBound: String(MIDNIGHT + 2 * HOUR) }, "upperBound"],
      ])("are refused where they are none: %j", async (bounds, field) => {
        const refused = anOperator().submit(aRequest(readings.copy(), bounds), untroubled());
        await expect(refused).rejects.toMatchObject({ code: "JOB_INVALID", field });
      });
    });

    describe("SQL that Flink does not take", () => {
      it.each<[string, JsonObject, RegExp]>([
        [
          "because of a table",
          { statement: "INSERT OVERWRITE nowhere SELECT {{lower.date}}" },
          /^job\.sql: (?:Validation|Table)Exception: Cannot find table '`default_catalog`\.`default_database`\.`nowhere`'/,
        ],
        [
          "because of its grammar",
          { statement: "INSERT OVERWRITE SELECT FROM" },
          /^job\.sql: SqlParserException: SQL parse failed\./,
        ],
        [
          "because of its setup",
          { statement: "INSERT OVERWRITE t SELECT 1", setup: ["CREATE TABEL t"] },
          /^job\.sql: SqlParserException: SQL parse failed\. Encountered "TABEL"/,
        ],
      ])("%s is told in one line, and is not tried again", async (_, sql, message) => {
        const refused = anOperator().submit(aRequest({ sql }), untroubled());
        await expect(refused).rejects.toMatchObject({
          name: "OperatorError",
          code: "JOB_INVALID",
          message: expect.stringMatching(message),
        });
        await expect(refused).rejects.not.toThrow(/\n|\bat org\./);
      });

      it("does not tell secrets", async () => {
        const secret = "s3cr'et";
        const sql = {
          setup: ["CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = '{{secret.key}}')"],
          statement: "INSERT OVERWRITE t SELECT 1",
        };
        const operator = anOperator({ secrets: { key: async () => secret } });
        const refused = operator.submit(aRequest({ sql }), untroubled());
        await expect(refused).rejects.toThrow(/Could not find any factory for identifier '\[redacted\]'/);
        // Flink also repeats the statement, in which the secret's quote is doubled.
        await expect(refused).rejects.not.toThrow(/s3cr/);
      });
    });

    describe("a job that fails", () => {
      it("does not tell secrets either", async () => {
        const sql = {
          setup: [
            "CREATE TEMPORARY TABLE numbers (n INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1')",
            "CREATE TEMPORARY TABLE t (n INT) WITH ('connector' = 'blackhole')",
          ],
          statement: "INSERT INTO t SELECT CAST('{{secret.key}}' || CAST(n AS STRING) AS INT) FROM numbers",
          rerun: "replaces",
        };
        const operator = anOperator({ secrets: { key: "s3cret" } });
        const request = aRequest({ sql });
        const outcome = await carryOut(operator, request);
        expect(outcome).toMatchObject({
          state: "FAILED",
          error: { message: expect.stringContaining("[redacted]") },
        });
        expect(await operator.find(request.idempotencyKey, request)).toMatchObject({ outcome });
        expect(JSON.stringify(outcome)).not.toContain("s3cret");
      });
    });

    describe("statements that are run before", () => {
      it("are run before a submission, with the interval in them, but not under a job that is there", async () => {
        const request = aRequest(onceInASession());
        const operator = anOperator({ heartbeatMs: 500 });
        expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
        expect(await carryOut(operator, request)).toMatchObject({ state: "SUCCEEDED" });
        await expect(operator.submit(aRequest(onceInASession()), untroubled())).rejects.toThrow("before_0");
      });
    });

    describe("a session", () => {
      it("is kept alive between runs", async () => {
        const operator = anOperator({ heartbeatMs: 500 });
        await carryOut(operator, aRequest(onceInASession()));
        await idle();
        await expect(operator.submit(aRequest(onceInASession()), untroubled())).rejects.toThrow("before_0");
      });

      it("is opened again when the gateway has closed it", async () => {
        const operator = anOperator({ heartbeatMs: 600_000 });
        await carryOut(operator, aRequest(onceInASession()));
        await idle();
        expect(await carryOut(operator, aRequest(onceInASession()))).toMatchObject({ state: "SUCCEEDED" });
      });

      /** Longer than the gateway of these tests lets a session be idle. */
      async function idle(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, idleMs + 2_000));
      }
    });

    describe("a jar", () => {
      it("is uploaded once by its content, under any name, by any manager", async () => {
        const before = (await jarsOf(flink)).length;
        for (const name of ["one.jar", "two.jar", "one.jar"]) {
          const path = join(jarFolder, name);
          copyFileSync(flink.examplesJar, path);
          expect(await carryOut(anOperator(), aRequest(wordCount(path)))).toMatchObject({
            state: "SUCCEEDED",
          });
        }
        const uploaded = (await jarsOf(flink)).slice(0, -before || undefined);
        expect(uploaded).toEqual([expect.stringMatching(/^one-[0-9a-f]{64}\.jar$/)]);
      });

      it.each([
        ["that is none", "bad.jar", "not a jar", undefined, /ZipException|Error while opening jar file/],
        [
          "without the class",
          "good.jar",
          undefined,
          "no.such.Class",
          /'no\.such\.Class' was not found in the jar file/,
        ],
        ["without a main class", "good.jar", undefined, undefined, /Neither a 'Main-Class'/],
      ])(
        "%s is refused in one line, and is not tried again",
        async (_, name, content, entryClass, message) => {
          const path = join(jarFolder, name);
          if (content === undefined) copyFileSync(flink.examplesJar, path);
          else writeFileSync(path, content);
          const job = { jar: { path, ...(entryClass === undefined ? {} : { entryClass }) } };
          const refused = anOperator().submit(aRequest(job), untroubled());
          await expect(refused).rejects.toMatchObject({
            name: "OperatorError",
            code: "JOB_INVALID",
            message: expect.stringMatching(message),
          });
        },
      );

      it("counts what its sources read, where Flink does", async () => {
        const path = join(jarFolder, "count.jar");
        copyFileSync(flink.examplesJar, path);
        const { metrics } = await carryOut(anOperator(), aRequest(wordCount(path)));
        expect(metrics?.rowsRead).toBe(countsReads(flink) ? 1_440 : undefined);
      });
    });

    function anOperator(options: Partial<FlinkOperatorOptions> = {}): DefinedOperator {
      const { url, gatewayUrl } = flink;
      const operator = createFlinkOperator({ url, gatewayUrl, jarFolders: [jarFolder], ...options });
      operators.push(operator);
      return operator;
    }

    async function carryOut(operator: DefinedOperator, request: OfflineJobRequest) {
      const { jobId } = await operator.submit(request, untroubled());
      return operator.wait(jobId, request, untroubled());
    }

    /** A job that a session runs once: it drops a view that the session was set up with. */
    function onceInASession(): JsonObject {
      return {
        sql: {
          setup: [
            "CREATE TEMPORARY TABLE t (a INT) WITH ('connector' = 'blackhole')",
            "CREATE TEMPORARY VIEW before_0 AS SELECT 1 AS a",
          ],
          prepare: [
            "DROP TEMPORARY VIEW before_0",
            "CREATE TEMPORARY VIEW before_1 AS SELECT {{lower.epochS}} AS a",
          ],
          statement: "INSERT INTO t SELECT CAST(a AS INT) FROM before_1",
          rerun: "replaces",
        },
      };
    }

    /** Writes the values of expressions as JSON. */
    function printing(folder: string, expressions: readonly string[], more: JsonObject = {}): JsonObject {
      const columns = expressions.map((_, index) => `c${index} STRING`).join(", ");
      const path = pathToFileURL(folder).href;
      return {
        sql: {
          setup: [
            `CREATE TEMPORARY TABLE t (${columns}) WITH ('connector' = 'filesystem', 'path' = '${path}', 'format' = 'json')`,
          ],
          statement: `INSERT OVERWRITE t SELECT ${expressions.join(", ")}`,
          ...more,
        },
      };
    }

    function linesIn(folder: string): unknown[] {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .flatMap((entry) => readFileSync(join(folder, entry.name), "utf8").trim().split("\n"))
        .map((line) => JSON.parse(line));
    }

    function wordCount(path: string): JsonObject {
      return {
        jar: {
          path,
          entryClass: "org.apache.flink.streaming.examples.wordcount.WordCount",
          programArgs: [
            ...["--execution-mode", "BATCH", "--input", pathToFileURL(readings.source).href],
            ...["--output", `${pathToFileURL(readings.target).href}/{{lower.epochMs}}`],
          ],
        },
      };
    }

    /** The names of all jars that a cluster has, the newest first. */
    async function jarsOf({ url }: FlinkServer): Promise<string[]> {
      const { files } = (await (await fetch(`${url}/jars`)).json()) as { files: { name: string }[] };
      return files.map(({ name }) => name);
    }
  });
}
