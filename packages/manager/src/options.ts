import { LONGEST_TIMER_MS, parseOptions, type Tidegate, wholeNumber } from "@tidegate/core";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import { z } from "zod";
import type { DoorCredentials } from "./door/caller.js";
import type { Authorize } from "./rest/authorize.js";

/** Settings of a manager. */
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
  /**
   * Where callers reach the manager, prefix included: status addresses then are whole, and its host and origin are taken
   * for the manager's own. @default they begin with a slash
   */
  readonly publicUrl?: string;
  /**
   * Host names, without a port, under which the REST interface answers, besides addresses, `localhost` and the host of
   * `publicUrl`. Without them other names are refused only on connections over loopback, where a web page could have
   * bound its own name to this machine. @default none, checked over loopback
   */
  readonly allowedHosts?: readonly string[];
  /**
   * Origins such as `https://dashboard.example` whose web pages may act, besides the manager's own. CORS headers are for
   * the server that it is mounted in to send. @default none
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Signs the cursors of listings. Managers behind one address need the same, or a page of one cannot be followed at
   * another. 16 characters or more. @default the token of `authorize`, else made anew at each start
   */
  readonly cursorSecret?: string;
  /** How long a request may take to arrive at what `listen` starts, headers and body together, ms. @default 15,000 */
  readonly requestTimeoutMs?: number;
  /** The longest callback, bytes. @default 65,536 */
  readonly maxCallbackBytes?: number;
  /** How far a signature's timestamp may be from now, either way, ms. @default 300,000 */
  readonly toleranceMs?: number;
  /** The logger of `listen`: Fastify's options, or a logger. A server of your own has its own. @default true */
  readonly logger?: boolean | FastifyLoggerOptions | FastifyBaseLogger;
}

/** Those that are checked where they are used are only known by name here. */
const schema = z.strictObject({
  tidegate: z.custom<Tidegate>(
    (value) => value instanceof Object && "client" in value,
    "must be a Tidegate, as createTidegate returns it",
  ),
  callbacks: z.unknown().optional(),
  authorize: z.unknown().optional(),
  publicUrl: z.string().optional(),
  allowedHosts: z.array(z.string()).optional(),
  allowedOrigins: z.array(z.string()).optional(),
  cursorSecret: z.string("must be a text").min(16, "must have 16 or more characters").optional(),
  requestTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).optional(),
  maxCallbackBytes: wholeNumber(1, 1_073_741_824).optional(),
  toleranceMs: wholeNumber(0, LONGEST_TIMER_MS).optional(),
  logger: z.unknown().optional(),
});

/** @throws ConfigurationError CONFIGURATION_INVALID for what cannot be meant; unknown names are refused as well */
export function checkOptions(options: ManagerOptions): void {
  parseOptions<unknown>("ManagerOptions", schema, options);
}
