import { expect } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Answer, Bed } from "./managers.js";

/** An OpenAPI document, as far as tests read it. */
export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly "application/json": { readonly schema: object } } }>
  >;
}

/** Calls a manager and holds every answer against its OpenAPI document. */
export async function onContract(bed: Bed): Promise<Bed & { readonly operations: Set<string> }> {
  const { body: document } = await bed.call<OpenapiDocument>("GET", "/openapi.json");
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const operations = new Set<string>();
  const check = <T>(method: string, path: string, answer: Answer<T>): Answer<T> => {
    const operation = operationOf(document, method, path);
    operations.add(operation.operationId);
    const response = operation.responses[answer.status];
    expect({ path, documented: Object.keys(operation.responses) }).toMatchObject({
      path,
      documented: expect.arrayContaining([String(answer.status)]),
    });
    const schema = response?.content?.["application/json"].schema;
    const isValid = schema === undefined || answer.text === "" || ajv.validate(schema, answer.body);
    expect(isValid ? [] : { path, errors: ajv.errors }).toEqual([]);
    return answer;
  };
  return {
    ...bed,
    operations,
    call: async (method, path, ...rest) => check(method, path, await bed.call(method, path, ...rest)),
    callback: async (body, signing = {}) =>
      check("POST", `/engines/${signing.engine ?? "airflow"}/callbacks`, await bed.callback(body, signing)),
  };
}

function operationOf({ paths }: OpenapiDocument, method: string, path: string): Operation {
  const parts = path.split("?")[0]!.split("/");
  const matches = Object.entries(paths).filter(([template, operations]) => {
    const wanted = template.split("/");
    const isSame = wanted.every((part, index) => part.startsWith("{") || part === parts[index]);
    return wanted.length === parts.length && isSame && method.toLowerCase() in operations;
  });
  // A word of the path goes before a parameter.
  matches.sort(([a], [b]) => a.split("{").length - b.split("{").length);
  return matches[0]![1][method.toLowerCase()]!;
}
