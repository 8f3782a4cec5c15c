import { SECRET_NAME } from "@tidegate/operator-kit";
import { z } from "zod";
import { headerNameProblem, isCredentialName, isHeaderValue } from "./header-rules.js";
import type { HttpJob } from "./job.js";
import { PLACEHOLDERS, type Placeholder, sampleUrl, templateProblem } from "./url-template.js";

const MAX_HEADERS = 50;
const BY_KEY = PLACEHOLDERS.filter((name) => name !== "jobId");

const secretRef = z.string().regex(SECRET_NAME, "must be the name of a secret, not the secret itself");

const headerName = z.string().superRefine((name, context) => {
  const problem = isCredentialName(name)
    ? "carries a credential, which a schedule must not hold; use job.secretRef or job.auth"
    : headerNameProblem(name);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const headers = z
  .record(z.string(), z.string().refine(isHeaderValue, "must be visible ASCII, at most 4,096 characters"))
  .superRefine((given, context) => {
    const names = Object.keys(given);
    if (names.length > MAX_HEADERS) context.addIssue(`must not be more than ${MAX_HEADERS}`);
    for (const name of names) {
      const message = headerName.safeParse(name).error?.issues[0]?.message;
      if (message !== undefined) context.addIssue({ code: "custom", path: [name], message });
    }
  });

const auth = z
  .strictObject({
    secretRef,
    scheme: z.enum(["Bearer", "Basic"]).exactOptional(),
    header: z
      .string()
      .refine(
        (name) => headerNameProblem(name) === undefined,
        "must be a header that the operator does not set",
      )
      .exactOptional(),
  })
  .refine(({ scheme, header }) => scheme === undefined || header === undefined, {
    path: ["scheme"],
    message: "goes with Authorization only, not with a header of one's own",
  });

/** Schema of a schedule's `job` by itself. The operator decides whether its addresses and secrets may be used. */
export const jobSchema = z
  .strictObject({
    url: address([]),
    method: z.enum(["POST", "PUT"]).exactOptional(),
    headers: headers.exactOptional(),
    payload: z.record(z.string(), z.json()).exactOptional(),
    protocol: z.enum(["tidegate", "inlong", "status"]).exactOptional(),
    completion: z.enum(["response", "poll", "callback"]),
    statusUrl: address(PLACEHOLDERS).exactOptional(),
    pollIntervalMs: z.number().int().min(100).max(3_600_000).exactOptional(),
    findUrl: address(BY_KEY).exactOptional(),
    cancelUrl: address(PLACEHOLDERS).exactOptional(),
    cancelMethod: z.enum(["POST", "DELETE"]).exactOptional(),
    secretRef: secretRef.exactOptional(),
    auth: auth.exactOptional(),
    requestTimeoutMs: z.number().int().min(1).max(86_400_000).exactOptional(),
  })
  .refine(({ completion, secretRef }) => completion !== "callback" || secretRef !== undefined, {
    path: ["secretRef"],
    message: "must name the secret that signs the callbacks",
  })
  .refine(({ protocol, completion }) => protocol !== "status" || completion !== "poll", {
    path: ["protocol"],
    message: 'must not be "status" with completion "poll": what a job has come to is said in a body',
  })
  .superRefine((given, context) => {
    if (given.protocol !== "status") return;
    for (const field of ["statusUrl", "findUrl"] as const) {
      if (given[field] === undefined) continue;
      context.addIssue({ code: "custom", path: [field], message: 'cannot be asked with protocol "status"' });
    }
  }) satisfies z.ZodType<HttpJob>;

function address(placeholders: readonly Placeholder[]) {
  return z
    .string()
    .max(2_000)
    .superRefine((text, context) => {
      const problem = templateProblem(text, placeholders) ?? queryProblem(sampleUrl(text));
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    });
}

function queryProblem(url: URL): string | undefined {
  const name = [...url.searchParams.keys()].find(isCredentialName);
  if (name === undefined) return undefined;
  return `must not carry a credential in its query ("${name}"), where logs keep it; use job.auth`;
}
