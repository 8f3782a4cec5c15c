import openapiTS, { astToString } from "openapi-typescript";

/** Generates the TypeScript types of a client, as `npx openapi-typescript` does. It throws for a document that is invalid. */
export async function clientTypes(document: object): Promise<string> {
  return astToString(await openapiTS(JSON.stringify(document)));
}
