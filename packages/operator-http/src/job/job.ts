import type { JsonObject } from "@tidegate/core";

// Types and not interfaces: TypeScript takes these for JSON, so that a typed job can be a schedule's.

/** What a schedule that uses the operator `http` says in its `job`. Addresses are https URLs of allowed hosts. */
export type HttpJob = {
  /** Where the run's `OfflineJobRequest` is sent. */
  readonly url: string;
  /** @default "POST" */
  readonly method?: "POST" | "PUT";
  /** Sent with every request. Credentials are refused here: they are given by name, in `secretRef` and `auth`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the service needs to know beside the interval; the operator does not look at it. */
  readonly payload?: JsonObject;
  /**
   * How answers are written: as this package's README says, in the envelope of Apache InLong, or for people only.
   * `status` reads no body, so that any 2xx means done (or taken, with `callback`): for services that know nothing of
   * Tidegate. It does not go with `poll`, `statusUrl` and `findUrl`, whose answers are in bodies. @default "tidegate"
   */
  readonly protocol?: "tidegate" | "inlong" | "status";
  /**
   * How the end of the job becomes known. `response`: the answer to the submission is the end, unless
   * it says otherwise, as 202 does. `poll`: the status
   * address is asked until it says so. `callback`: the service calls back, signed with `secretRef`; where there is a
   * status address it is asked as well, so that a lost callback costs only time.
   */
  readonly completion: "response" | "poll" | "callback";
  /**
   * The status address, with `{jobId}`, `{runId}`, `{idempotencyKey}` or `{groupId}` to be filled in. @default what the
   * service gives in its answer to the submission, as `statusUrl` or `Location`, at the origin of `url`; else `findUrl`
   */
  readonly statusUrl?: string;
  /** Between two looks at the status, ms, 100 to 3,600,000. @default 5,000; 60,000 with `callback` */
  readonly pollIntervalMs?: number;
  /**
   * Where a job is looked up by its key: `{idempotencyKey}`, `{runId}` and `{groupId}` are filled in. Answers 404 where
   * there is none. @default `statusUrl` where that does without `{jobId}`; else jobs are not looked up, and a
   * submission whose answer was lost is repeated with the same `Idempotency-Key`
   */
  readonly findUrl?: string;
  /** Where a job is stopped; filled in like `statusUrl`. @default jobs cannot be stopped */
  readonly cancelUrl?: string;
  /** @default "POST" */
  readonly cancelMethod?: "POST" | "DELETE";
  /** The name of the secret that signs requests and callbacks (Standard Webhooks). @default requests are not signed */
  readonly secretRef?: string;
  /** The credential that goes with every request. @default none */
  readonly auth?: HttpJobAuth;
  /**
   * The longest that a submission may take, connection included, ms, 1 to 86,400,000; other requests get the same, but
   * at most 30,000. @default 30,000; 600,000 with `response`, where it lasts as long as the job
   */
  readonly requestTimeoutMs?: number;
};

/** A credential by name. */
export type HttpJobAuth = {
  /** The secret's name among the operator's `secrets`. */
  readonly secretRef: string;
  /** `Basic` takes a secret of the form `user:password`. @default "Bearer" */
  readonly scheme?: "Bearer" | "Basic";
  /** A header that takes the secret as it is, such as `X-Api-Key`, instead of `Authorization` with a scheme. */
  readonly header?: string;
};
