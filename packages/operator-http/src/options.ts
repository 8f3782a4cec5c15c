import { type Clock, SystemClock } from "@tidegate/core/clock";
import { parseOptions, unfitOption } from "@tidegate/core/plugin";
import { type Secret, secretName } from "@tidegate/operator-kit";
import type { TlsOptions } from "@tidegate/rest-client";
import { z } from "zod";
import type { AddressRules } from "./address/address-guard.js";
import type { ResolveHost } from "./address/guarded-lookup.js";
import { type HostPattern, parseHostPattern } from "./address/host-pattern.js";
import { parseNetwork } from "./address/network.js";
import type { CallbackSettings } from "./callback/callback-handler.js";
import type { BoundSecret } from "./secrets/secret.js";
import { type SecretRule, secretRule, secretShape } from "./secrets/secret-rules.js";

/** Settings of `HttpOperator`. Hosts are written as `host`, `host:port` or `*.suffix`. */
export interface HttpOperatorOptions {
  /** The hosts that jobs may call; without a port, on any port. Required unless `allowAnyHost` is set. */
  readonly allow?: readonly string[];
  /**
   * Lets jobs call every public host, so whoever registers a job may send requests from here. @default false
   */
  readonly allowAnyHost?: boolean;
  /** The hosts that may be called without TLS; `true` for all. @default none */
  readonly allowHttp?: boolean | readonly string[];
  /**
   * Non-public addresses that may be reached: a host name allows whatever private or loopback address it has,
   * an address or a range such as `10.0.0.0/8` allows itself. Link-local and other special addresses,
   * including the metadata services of clouds, are reached by address or range only. @default none
   */
  readonly allowPrivate?: readonly string[];
  /**
   * The secrets that jobs refer to by name: `whsec_…` for `secretRef`, any credential for `auth`. Whoever may
   * register a job may use any of them, so bind each secret to a use and to hosts (`BoundSecret`). A plain
   * one signs; it is sent only if `allow` names exactly one host, and never if it is a signing key. While a webhook secret is rotated, it holds
   * the new and the old one with a space between them.
   *
   * @default {}
   */
  readonly secrets?: Readonly<Record<string, Secret | BoundSecret>>;
  /** Required if jobs end by callback. */
  readonly callbacks?: HttpCallbackOptions;
  /** The longest time to establish a connection, ms. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** The longest response that is read, bytes. @default 1,048,576 */
  readonly maxResponseBytes?: number;
  /** How long queries about a job may go unanswered before its attempt fails, ms. @default 300,000 */
  readonly unreachableMs?: number;
  /** Custom certificate authorities, and a client certificate. @default the machine's authorities, none */
  readonly tls?: TlsOptions;
  /**
   * Resolves a host name to addresses, which are checked and connected to. @default the machine's resolver
   */
  readonly resolve?: ResolveHost;
  /**
   * Supplies the time of signatures, schedules queries and measures time-outs.
   * @default the machine's clock
   */
  readonly clock?: Clock;
}

/** Settings for callbacks. */
export interface HttpCallbackOptions {
  /** The names of the secrets that may sign callbacks. Each is valid for jobs whose `secretRef` names it. */
  readonly secrets: readonly string[];
  /** How far a callback's timestamp may be from now, ms, at least 1,000. @default 300,000 */
  readonly toleranceMs?: number;
  /** @default 262,144 */
  readonly maxBodyBytes?: number;
  /** How many ends and how many message ids are remembered; the oldest are dropped. @default 10,000 */
  readonly maxKept?: number;
}

/** The validated options with defaults applied. */
export interface Settings {
  readonly addresses: AddressRules;
  readonly secrets: ReadonlyMap<string, SecretRule>;
  readonly callbacks: CallbackSettings;
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxResponseBytes: number;
  readonly unreachableMs: number;
  readonly tls?: TlsOptions;
  readonly resolve?: ResolveHost;
  readonly clock: Clock;
}

/** Prefix of error messages. */
const OPTIONS_TYPE = "HttpOperatorOptions";

const MAX_HEADER_BYTES = 16_384;
const MAX_BYTES = 64 * 1_048_576;

const isFunction = (value: unknown): boolean => typeof value === "function";

const schema = z.strictObject({
  allow: z.array(z.string()).min(1).optional(),
  allowAnyHost: z.boolean().optional(),
  allowHttp: z.union([z.boolean(), z.array(z.string())]).optional(),
  allowPrivate: z.array(z.string()).optional(),
  secrets: z.record(secretName, secretShape).default({}),
  callbacks: z
    .strictObject({
      secrets: z.array(secretName).min(1),
      toleranceMs: z.number().int().min(1_000).default(300_000),
      maxBodyBytes: z.number().int().min(1_024).max(MAX_BYTES).default(262_144),
      maxKept: z.number().int().min(1).default(10_000),
    })
    .optional(),
  connectTimeoutMs: z.number().int().min(1).default(10_000),
  maxResponseBytes: z.number().int().min(1_024).max(MAX_BYTES).default(1_048_576),
  unreachableMs: z.number().int().min(0).default(300_000),
  tls: z.custom<TlsOptions>((value) => typeof value === "object" && value !== null).optional(),
  resolve: z.custom<ResolveHost>(isFunction).optional(),
  clock: z.custom<Clock>((value) => typeof value === "object" && value !== null).optional(),
});

/** No secret signs, so no callback is accepted; ends reported in responses are kept all the same. */
const NO_CALLBACKS: CallbackSettings = {
  secrets: [],
  toleranceMs: 0,
  maxBodyBytes: 0,
  maxKept: 10_000,
};

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function settingsOf(options: HttpOperatorOptions): Settings {
  const parsed = parseOptions(OPTIONS_TYPE, schema, options);
  const { tls, resolve, clock, connectTimeoutMs, maxResponseBytes, unreachableMs } = parsed;
  const addresses = addressRules(options);
  const secrets = secretRules(options.secrets ?? {}, addresses);
  return {
    addresses,
    secrets,
    callbacks: callbackSettings(parsed.callbacks, secrets),
    connectTimeoutMs,
    maxHeaderBytes: MAX_HEADER_BYTES,
    maxResponseBytes,
    unreachableMs,
    ...(tls === undefined ? {} : { tls }),
    ...(resolve === undefined ? {} : { resolve }),
    clock: clock ?? new SystemClock(),
  };
}

function callbackSettings(
  given: CallbackSettings | undefined,
  secrets: ReadonlyMap<string, SecretRule>,
): CallbackSettings {
  if (given === undefined) return NO_CALLBACKS;
  for (const [index, name] of given.secrets.entries()) {
    const secret = secrets.get(name);
    if (secret === undefined || (secret.use ?? "signing") !== "signing") {
      throw unfitOption(
        OPTIONS_TYPE,
        `callbacks.secrets.${index}`,
        "must be the name of one of the secrets that sign",
      );
    }
  }
  return given;
}

function secretRules(
  secrets: Readonly<Record<string, Secret | BoundSecret>>,
  { allow }: AddressRules,
): ReadonlyMap<string, SecretRule> {
  const [first, ...others] = allow === "any" ? [] : allow;
  const onlyHost = others.length === 0 && first?.isSuffix === false ? first : undefined;
  const rules = Object.entries(secrets).map(([name, secret]): [string, SecretRule] => {
    const field = `secrets.${name}.hosts`;
    const named = typeof secret === "object" ? secret.hosts : undefined;
    const rule = secretRule(secret, named === undefined ? undefined : hosts(field, named), onlyHost);
    if (rule === undefined)
      throw unfitOption(OPTIONS_TYPE, field, "must name the hosts that may have this secret");
    return [name, rule];
  });
  return new Map(rules);
}

function addressRules({ allow, allowAnyHost, allowHttp, allowPrivate }: HttpOperatorOptions): AddressRules {
  if ((allow === undefined) === (allowAnyHost !== true)) {
    throw unfitOption(
      OPTIONS_TYPE,
      "allow",
      "name the hosts that jobs may call, or set allowAnyHost instead",
    );
  }
  const networks = (allowPrivate ?? []).map(parseNetwork);
  return {
    allow: allow === undefined ? "any" : hosts("allow", allow),
    allowHttp: allowHttp === true ? "any" : hosts("allowHttp", allowHttp || []),
    privateNetworks: networks.filter((network) => network !== undefined),
    privateHosts: (allowPrivate ?? []).flatMap((text, index) =>
      networks[index] === undefined ? [privateHost(text, index)] : [],
    ),
  };
}

function privateHost(text: string, index: number): HostPattern {
  const field = `allowPrivate.${index}`;
  const pattern = hostPattern(field, text);
  if (pattern.port !== undefined)
    throw unfitOption(OPTIONS_TYPE, field, "must not have a port; ports are for allow");
  return pattern;
}

function hosts(option: string, texts: readonly string[]): HostPattern[] {
  return texts.map((text, index) => hostPattern(`${option}.${index}`, text));
}

function hostPattern(field: string, text: string): HostPattern {
  const pattern = parseHostPattern(text);
  if (pattern !== undefined) return pattern;
  throw unfitOption(
    OPTIONS_TYPE,
    field,
    `"${text}" is not a host; write host, host:port or *.suffix, without https://`,
  );
}
