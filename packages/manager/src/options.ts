import type { Tidegate } from "@tidegate/core";
import { LONGEST_TIMER_MS, parseOptions, wholeNumber } from "@tidegate/core/plugin";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import { z } from "zod";
import type { CallbackCredentials } from "./callback/caller.js";
import type { Authorize } from "./rest/authorize.js";
import type { WebPages } from "./web/routes.js";

/** Settings of a manager. */
export interface ManagerOptions {
  readonly tidegate: Tidegate;
  /**
   * Credentials of the schedulers whose callbacks are accepted, by engine name. `inlong` is the one for
   * InLong's own path. @default none: no callback routes
   */
  readonly callbacks?: Readonly<Record<string, CallbackCredentials>>;
  /**
   * Access control of the REST interface, by tokens or by a function, with a role for each caller. Callback routes have credentials of their own; health and the
   * OpenAPI document are open.
   * @default everybody, which `listen` accepts on a loopback address only
   */
  readonly authorize?: Authorize;
  /**
   * The dashboard, served below `/dashboard/`: `dashboard()` of `@tidegate/dashboard`. A function of `authorize`
   * guards it too; with a token its files are open, and the page asks for the token. @default none
   */
  readonly dashboard?: WebPages;
  /**
   * The manager's public address, prefix included: it makes status addresses absolute, and its host and
   * origin count as the manager's own. @default status addresses begin with a slash
   */
  readonly publicUrl?: string;
  /**
   * Host names, without a port, under which the REST interface answers, in addition to addresses, `localhost`
   * and the host of `publicUrl`. Without them, other names are refused only on loopback connections, where a
   * web page could have bound its own name to this machine. @default none, checked over loopback
   */
  readonly allowedHosts?: readonly string[];
  /**
   * Origins such as `https://dashboard.example` whose web pages may change things, in addition to the
   * manager's own. The server that it is mounted in must send CORS headers. @default none
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Signs the cursors of listings. Managers behind one address need the same, or a page of one cannot be
   * continued at another. 16 characters or more. @default the token of `authorize`, else random at each start
   */
  readonly cursorSecret?: string;
  /**
   * Maximum time for a request to arrive at the server that `listen` starts, headers and body together, ms.
   * @default 15,000
   */
  readonly requestTimeoutMs?: number;
  /** Maximum size of a callback, bytes. @default 65,536 */
  readonly maxCallbackBytes?: number;
  /** How far a signature's timestamp may be from now, either way, ms. @default 300,000 */
  readonly toleranceMs?: number;
  /**
   * The logger of `listen`: Fastify's options, or a logger. A server of your own uses its own. @default true
   */
  readonly logger?: boolean | FastifyLoggerOptions | FastifyBaseLogger;
}

/** Options that are checked at their use are only listed here. */
const schema = z.strictObject({
  tidegate: z.custom<Tidegate>(
    (value) => value instanceof Object && "client" in value,
    "must be a Tidegate, as createTidegate returns it",
  ),
  callbacks: z.unknown().optional(),
  authorize: z.unknown().optional(),
  dashboard: z.strictObject({ directory: z.string() }).optional(),
  publicUrl: z.string().optional(),
  allowedHosts: z.array(z.string()).optional(),
  allowedOrigins: z.array(z.string()).optional(),
  cursorSecret: z.string("must be a text").min(16, "must have 16 or more characters").optional(),
  requestTimeoutMs: wholeNumber(1, LONGEST_TIMER_MS).optional(),
  maxCallbackBytes: wholeNumber(1, 1_073_741_824).optional(),
  toleranceMs: wholeNumber(0, LONGEST_TIMER_MS).optional(),
  logger: z.unknown().optional(),
});

/** @throws ConfigurationError CONFIGURATION_INVALID for invalid values and unknown names */
export function checkOptions(options: ManagerOptions): void {
  parseOptions<unknown>("ManagerOptions", schema, options);
}
