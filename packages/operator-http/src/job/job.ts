import type { JsonObject } from "@tidegate/core";

// Types, not interfaces: TypeScript accepts these as JSON, so a typed job can be a schedule's `job`.

/** The `job` of a schedule that uses the operator `http`. Addresses are https URLs of allowed hosts. */
export type HttpJob = {
  /** The address that the run's `OfflineJobRequest` is sent to. */
  readonly url: string;
  /** @default "POST" */
  readonly method?: "POST" | "PUT";
  /**
   * Sent with every request. Credentials are refused here: refer to them by name, in `secretRef` and `auth`.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Data for the service beside the interval; the operator does not read it. */
  readonly payload?: JsonObject;
  /**
   * Format of responses: the one in this package's README, the envelope of Apache InLong, or none. `status`
   * reads no body, so any 2xx means done (or accepted, with `callback`): for services that know nothing of
   * Tidegate. It cannot be combined with `poll`, `statusUrl` and `findUrl`, whose responses are in bodies.
   * @default "tidegate"
   */
  readonly protocol?: "tidegate" | "inlong" | "status";
  /**
   * How the end of the job becomes known. `response`: the response to the submission is the end, unless it
   * says otherwise, as 202 does. `poll`: the status address is queried until it reports the end. `callback`:
   * the service calls back, signed with `secretRef`; a status address, if there is one, is queried as well,
   * so that a lost callback costs only time.
   */
  readonly completion: "response" | "poll" | "callback";
  /**
   * The status address; `{{jobId}}`, `{{runId}}`, `{{idempotencyKey}}` and `{{groupId}}` are filled in. @default the
   * one that the service returns in its response to the submission, as `statusUrl` or `Location`, at the
   * origin of `url`; else `findUrl`
   */
  readonly statusUrl?: string;
  /** Interval between status queries, ms, 100 to 3,600,000. @default 5,000; 60,000 with `callback` */
  readonly pollIntervalMs?: number;
  /**
   * Address that looks up a job by its key; `{{idempotencyKey}}`, `{{runId}}` and `{{groupId}}` are filled in.
   * Responds 404 if there is none. @default `statusUrl` if that has no `{{jobId}}`; else jobs are not looked
   * up, and a submission whose response was lost is repeated with the same `Idempotency-Key`
   */
  readonly findUrl?: string;
  /** Address that stops a job; filled in like `statusUrl`. @default jobs cannot be stopped */
  readonly cancelUrl?: string;
  /** @default "POST" */
  readonly cancelMethod?: "POST" | "DELETE";
  /** The name of the secret that signs requests and callbacks (Standard Webhooks). @default requests are not signed */
  readonly secretRef?: string;
  /** The credential sent with every request. @default none */
  readonly auth?: HttpJobAuth;
  /**
   * The longest time that a submission may take, connection included, ms, 1 to 86,400,000; other requests get
   * the same, but at most 30,000. @default 30,000; 600,000 with `response`, where it lasts as long as the job
   */
  readonly requestTimeoutMs?: number;
};

/** A credential by name. */
export type HttpJobAuth = {
  /** The secret's name among the operator's `secrets`. */
  readonly secretRef: string;
  /** `Basic` requires a secret of the form `user:password`. @default "Bearer" */
  readonly scheme?: "Bearer" | "Basic";
  /**
   * A header that carries the secret as it is, such as `X-Api-Key`, instead of `Authorization` with a scheme.
   */
  readonly header?: string;
};
