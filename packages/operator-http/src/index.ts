export type { Secret } from "@tidegate/operator-kit";
export type { TlsOptions } from "@tidegate/rest-client";
export type { ResolveHost } from "./address/guarded-lookup.js";
export type { CallbackResponse, CallbackVerdict } from "./callback/callback-handler.js";
export type { CallbackRequest } from "./callback/callback-request.js";
export {
  type CallbackServer,
  type CallbackServerOptions,
  type CallbackTaker,
  startCallbackServer,
} from "./callback/callback-server.js";
export { createHttpOperator, type HttpOperator } from "./http-operator.js";
export type { HttpJob, HttpJobAuth } from "./job/job.js";
export { httpOperator } from "./module.js";
export type { HttpCallbackOptions, HttpOperatorOptions } from "./options.js";
export type { BoundSecret, SecretUse } from "./secrets/secret.js";
export type { HttpSubmission } from "./service/protocol.js";
