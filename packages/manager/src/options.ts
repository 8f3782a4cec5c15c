import type { Tidegate } from "@tidegate/core";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import type { DoorCredentials } from "./door/caller.js";
import type { Authorize } from "./rest/authorize.js";

/** What a manager is made of. */
export interface ManagerOptions {
  readonly tidegate: Tidegate;
  /**
   * The schedulers whose callbacks are taken, by engine name, and how each proves itself. `inlong` is the one that
   * InLong's own path is for. @default none: the door is closed
   */
  readonly callbacks?: Readonly<Record<string, DoorCredentials>>;
  /**
   * Who may use the REST interface. The door has credentials of its own; health and the OpenAPI document are open.
   * @default everybody, which `listen` takes on a loopback address only
   */
  readonly authorize?: Authorize;
  /** Where callers reach the manager, prefix included: status addresses then are whole. @default they begin with a slash */
  readonly publicUrl?: string;
  /** The longest callback, bytes. @default 65,536 */
  readonly maxCallbackBytes?: number;
  /** How far a signature's timestamp may be from now, either way, ms. @default 300,000 */
  readonly toleranceMs?: number;
  /** What `listen` logs with: Fastify's options, or a logger. A server of your own has its own. @default true */
  readonly logger?: boolean | FastifyLoggerOptions | FastifyBaseLogger;
}
