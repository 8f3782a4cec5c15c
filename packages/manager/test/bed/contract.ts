import { expect } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Answer, Bed } from "./managers.js";

/** A JSON schema, as far as tests read it. */
export type JsonSchema = { readonly [key: string]: unknown };

/** An OpenAPI document, as far as tests read it. */
export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

type Content = { readonly "application/json": { readonly schema: JsonSchema } };

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: "path" | "query" | "header";
    readonly required: boolean;
    readonly description?: string;
    readonly schema: JsonSchema;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Content } | undefined>
  >;
}

/** Holds answers against an OpenAPI document. */
export class Contract {
  readonly document: OpenapiDocument;
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

  constructor(document: OpenapiDocument) {
    this.document = document;
    this.#ajv.addSchema(document, "openapi.json");
  }

  /** The errors of a value by a component's schema. */
  errorsBy(component: string, value: unknown): readonly unknown[] {
    return this.#errorsAt(["components", "schemas", component], value);
  }

  /** The errors of an answer by the schema that the document has for its status. */
  errorsOf(method: string, path: string, { status, text, body }: Pick<Answer, "status" | "text" | "body">) {
    const [template, operation] = this.#find(method, path);
    const key = operation.responses[status] === undefined ? "default" : String(status);
    if (operation.responses[key]?.content === undefined || text === "") return [];
    const at = ["paths", template, method.toLowerCase(), "responses", key, "content"];
    return this.#errorsAt([...at, "application/json", "schema"], body);
  }

  operationOf(method: string, path: string): Operation {
    return this.#find(method, path)[1];
  }

  #find(method: string, path: string): [template: string, operation: Operation] {
    const parts = path.split("?")[0]!.split("/");
    const matches = Object.entries(this.document.paths).filter(([template, operations]) => {
      const wanted = template.split("/");
      const isSame = wanted.every((part, index) => part.startsWith("{") || part === parts[index]);
      return wanted.length === parts.length && isSame && method.toLowerCase() in operations;
    });
    // A word of the path goes before a parameter.
    matches.sort(([a], [b]) => a.split("{").length - b.split("{").length);
    const [template, operations] = matches[0]!;
    return [template, operations[method.toLowerCase()]!];
  }

  #errorsAt(pointer: readonly string[], value: unknown): readonly unknown[] {
    const parts = pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
    return this.#ajv.validate(`openapi.json#/${parts.join("/")}`, value) ? [] : (this.#ajv.errors ?? []);
  }
}

/** The contract of a manager that listens. */
export async function contractOf({ call }: Pick<Bed, "call">): Promise<Contract> {
  return new Contract((await call<OpenapiDocument>("GET", "/openapi.json")).body);
}

/** Calls a manager and holds every answer against its OpenAPI document. */
export async function onContract(bed: Bed): Promise<Bed & { readonly operations: Set<string> }> {
  const contract = await contractOf(bed);
  const operations = new Set<string>();
  const check = <T>(method: string, path: string, answer: Answer<T>): Answer<T> => {
    const operation = contract.operationOf(method, path);
    operations.add(operation.operationId);
    expect({ path, documented: Object.keys(operation.responses) }).toMatchObject({
      path,
      documented: expect.arrayContaining([String(answer.status)]),
    });
    expect({ path, errors: contract.errorsOf(method, path, answer) }).toEqual({ path, errors: [] });
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
