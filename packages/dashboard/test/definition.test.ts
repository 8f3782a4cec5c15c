import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { inOrder, problemText, stepOf, valueAt, withValue } from "../src/app/pages/wizard/definition.js";
import {
  exampleOf,
  fieldKindOf,
  fieldsOf,
  inVariant,
  type JobSchema,
  resolved,
  variantOf,
  variantsOf,
} from "../src/app/pages/wizard/job-schema.js";
import {
  cronWords,
  firstReadSentence,
  frequencyText,
  policySentences,
  triggerSentence,
} from "../src/app/pages/wizard/sentence.js";
import { curlOf, typescriptOf, yamlOf } from "../src/app/pages/wizard/snippets.js";

const DEFINITION = {
  groupId: "orders",
  trigger: { type: "cron", expression: "0 2 * * *" },
  timezone: "Europe/Berlin",
  startTime: "2026-01-01T00:00:00.000Z",
  labels: { team: "sales & co", no: "yes", "1": "~" },
  job: {
    sql: "SELECT *\n  FROM orders\n\nWHERE name = 'it''s'",
    odd: ["- a", "", " padded ", "a: b", "#c", "null", "\u0000\u2028"],
    nested: [{ a: 1, b: [true, null] }, [], {}],
  },
};

describe("a first read", () => {
  it("is told by its amounts, or by its positions if the source cannot count", () => {
    const range = { lower: { "0": "2" }, upper: { "0": "7" } };
    expect([
      firstReadSentence({ ...range, records: 1, bytes: 2_000 }),
      firstReadSentence({ ...range, records: 0 }),
      firstReadSentence(range),
    ]).toEqual([
      "The first run would read at most 1 record, 2,000 bytes.",
      "The first run would read at most 0 records.",
      'The first run would read from {"0":"2"} to {"0":"7"}.',
    ]);
  });
});

describe("a definition", () => {
  it("gets fields, and loses those that are taken away, with the objects around them", () => {
    const given = withValue({ groupId: "a" }, "job.args.table", "orders");
    expect(given).toEqual({ groupId: "a", job: { args: { table: "orders" } } });
    expect(valueAt(given, "job.args.table")).toBe("orders");
    expect(withValue(given, "job.args.table", undefined)).toEqual({ groupId: "a" });
    expect(Object.keys(withValue(given, "groupId", "b"))).toEqual(["groupId", "job"]);
  });

  it("is asked for in the step that a field belongs to", () => {
    expect(["job.sql", "trigger.every", "deadline.afterMs"].map(stepOf)).toEqual([
      "data",
      "trigger",
      "policies",
    ]);
  });

  it("is said to need what has not been typed yet", () => {
    const absent = "job.target: Invalid input: expected object, received undefined.";
    expect(problemText("job.target", absent)).toBe("job.target: is needed.");
    expect(problemText(undefined, absent)).toBe(absent);
    expect(problemText("job.sql", "job.sql: must be a text.")).toBe("job.sql: must be a text.");
  });

  it("is shown with its fields in the order of the steps, whatever was given first", () => {
    const given = { catchup: "drop", timezone: "UTC", job: {}, groupId: "a" };
    expect(Object.keys(inOrder(given))).toEqual(["groupId", "job", "timezone", "catchup"]);
    expect(inOrder(given)).toEqual(given);
  });

  it("is the same as YAML", () => {
    expect(parse(yamlOf(DEFINITION))).toEqual(DEFINITION);
    expect(yamlOf(DEFINITION)).toContain("    SELECT *\n      FROM orders\n\n");
  });

  it("is the same as a command of curl, whatever quotes it has", () => {
    const command = curlOf(DEFINITION, "http://127.0.0.1:8080/t", true);
    expect(command).toContain("curl -X PUT 'http://127.0.0.1:8080/t/schedules/orders'");
    const [, body] = /--data-binary '(.*)'$/s.exec(command)!;
    expect(JSON.parse(body!.replaceAll("'\\''", "'"))).toEqual(DEFINITION);
    expect(command).toContain("Bearer $TIDEGATE_TOKEN");
  });

  it("is the same as TypeScript", () => {
    const program = typescriptOf(DEFINITION, "http://127.0.0.1:8080", false);
    const [, literal] = /ensure\((.*)\);$/s.exec(program)!;
    expect(new Function(`return ${literal}`)()).toEqual(DEFINITION);
  });
});

describe("a definition in words", () => {
  it.each([
    ["* * * * *", "Every minute"],
    ["*/15 * * * *", "Every 15 minutes"],
    ["0 * * * *", "Every hour"],
    ["5 * * * *", "Every hour, 5 min after the full hour"],
    ["0 2 * * *", "Every day at 02:00"],
    ["30 6,18 * * *", "Every day at 06:30 and 18:30"],
    ["0 2 * * MON-FRI", "Every Monday to Friday at 02:00"],
    ["0 2 * * 0,6", "Every Sunday and Saturday at 02:00"],
    ["0 0 1 * *", "On day 1 of every month at 00:00"],
  ])("says of %s: %s", (expression, words) => expect(cronWords(expression)).toBe(words));

  it.each(["*/7 * * * *", "0 2 13 * 5", "0 2 * 1 *", "0 0 2 * * *", "0 2 * * 5L", "0 2 L * *", "a"])(
    "leaves %s as it is",
    (expression) => {
      expect(cronWords(expression)).toBeUndefined();
      expect(triggerSentence({ trigger: { type: "cron", expression } })).toBe(
        `At the times of the cron expression ${expression}, in UTC`,
      );
    },
  );

  it("says how often, and what the policies do", () => {
    const day = 86_400_000;
    const days = Array.from({ length: 20 }, (_, index) => ({ lower: index * day, upper: (index + 1) * day }));
    expect(frequencyText(days)).toBe("about 365 times a year");
    expect(frequencyText(days.slice(0, 1))).toBe("");
    expect(triggerSentence({ trigger: { type: "period", every: 6, unit: "hour" } })).toBe(
      "Every 6 hours, in UTC",
    );
    expect(
      policySentences({ onFailure: "continue", maxAttempts: 1, deadline: { afterMs: 7_200_000 } }),
    ).toEqual([
      "Intervals that were missed run one by one.",
      "A run waits until the one before it has ended.",
      "After one attempt, later runs go on.",
      "It has to be done 2 h after its interval's end.",
    ]);
  });
});

describe("the form of a job", () => {
  const root: JobSchema = {
    type: "object",
    required: ["url"],
    properties: {
      method: { type: "string", enum: ["POST", "PUT"] },
      url: { type: "string" },
      sql: { type: "string" },
      wait: { type: "integer" },
      isOn: { type: "boolean" },
      tables: { type: "array", items: { type: "string" } },
      headers: { type: "object", additionalProperties: { type: "string" } },
      payload: { type: "object", additionalProperties: { $ref: "#/$defs/json" } },
      auth: { anyOf: [{ $ref: "#/$defs/auth" }, { type: "null" }] },
      either: { anyOf: [{ type: "string" }, { type: "number" }] },
    },
    $defs: {
      json: { anyOf: [{ type: "string" }, { type: "array", items: { $ref: "#/$defs/json" } }] },
      auth: { type: "object", properties: { key: { type: "string" } } },
    },
  };

  it("has a field for what a form can ask for, and JSON for the rest; what is needed comes first", () => {
    const kinds = fieldsOf(root).map(([name, schema]) => [
      name,
      fieldKindOf(name, resolved(schema, root), root),
    ]);
    expect(kinds).toEqual([
      ["url", "text"],
      ["method", "choice"],
      ["sql", "lines-of-text"],
      ["wait", "number"],
      ["isOn", "boolean"],
      ["tables", "list"],
      ["headers", "pairs"],
      ["payload", "json"],
      ["auth", "group"],
      ["either", "json"],
    ]);
  });

  it("shows in a field of JSON what is needed, in the form of the first of several", () => {
    const target: JobSchema = {
      anyOf: [
        {
          type: "object",
          required: ["path", "format", "parts", "rows", "isNew"],
          properties: {
            path: { type: "string" },
            format: { const: "parquet" },
            parts: { type: "array", items: { $ref: "#/$defs/auth" } },
            rows: { type: "integer", minimum: 5 },
            isNew: { type: "boolean" },
            more: { type: "string" },
          },
        },
        { type: "string" },
      ],
    };
    expect(exampleOf(target, root)).toEqual({
      path: "…",
      format: "parquet",
      parts: [{}],
      rows: 5,
      isNew: true,
    });
    expect(exampleOf({ $ref: "#/$defs/json" }, root)).toBe("…");
    const endless: JobSchema = { type: "object", required: ["a"], properties: { a: { $ref: "#/$defs/e" } } };
    expect(JSON.stringify(exampleOf(endless, { $defs: { e: endless } }))).toContain("null");
  });

  const target: JobSchema = {
    oneOf: [
      {
        type: "object",
        required: ["path"],
        properties: {
          format: { type: "string", const: "parquet" },
          path: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
        },
      },
      {
        oneOf: ["replace", "upsert"].map((write) => ({
          type: "object",
          required: ["format", "write", "table"],
          properties: {
            format: { type: "string", const: "postgres" },
            write: { type: "string", const: write },
            table: { type: "string" },
            path: { type: "string" },
          },
        })),
      },
    ],
  };

  it("has the fields of the form that is chosen, where there are several", () => {
    expect(fieldKindOf("target", target, target)).toBe("variants");
    const variants = variantsOf(target, target)!;
    expect(variants.map(({ name }) => name)).toEqual(["parquet", "postgres, replace", "postgres, upsert"]);
    expect(fieldsOf(variants[2]!.schema).map(([name]) => name)).toEqual(["table", "path"]);
    expect(fieldKindOf("path", variants[0]!.schema.properties!.path!, target)).toBe("list");
    expect(variantOf({ path: "out" }, variants)?.name).toBe("parquet");
    expect(variantOf({ format: "postgres", write: "upsert" }, variants)?.name).toBe("postgres, upsert");
    expect([variantOf(undefined, variants), variantOf({ format: "orc" }, variants)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(inVariant({ format: "parquet", path: "out", more: 1 }, variants[2]!)).toEqual({
      format: "postgres",
      write: "upsert",
      path: "out",
    });
  });

  it("leaves forms that have no names of their own to JSON", () => {
    const object: JobSchema = { type: "object", properties: { a: { type: "string" } } };
    expect(fieldKindOf("either", { anyOf: [object, object] }, object)).toBe("json");
    expect(fieldKindOf("either", { oneOf: [object, { type: "string" }] }, object)).toBe("json");
  });
});
