export { bodyText, UnreadableBody } from "./body.js";
export { type Bounds, bounded, TimedOut } from "./bounded.js";
export type { ConnectionSettings, TlsOptions } from "./connect.js";
export { type FileForm, fileForm } from "./file-form.js";
export { HttpClient, type HttpClientOptions, type Limits } from "./http-client.js";
export {
  type HttpAnswer,
  type HttpBody,
  type HttpHeaders,
  type HttpRequest,
  headerOf,
  isSuccess,
  type StreamedBody,
} from "./message.js";
export { NoAnswer, NotHttp } from "./no-answer.js";
export { oneLine, REDACTED, Redactor } from "./redactor.js";
export { retryAfterMs } from "./retry-after.js";
