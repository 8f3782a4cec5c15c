import { baseUrl } from "@tidegate/core/plugin";
import { isSecret, readSecret, type Secret } from "@tidegate/operator-kit";
import {
  type HttpAnswer,
  HttpClient,
  NoAnswer,
  oneLine,
  Redactor,
  type TlsOptions,
} from "@tidegate/rest-client";
import { z } from "zod";

/** A service that is asked by HTTP. */
export interface HttpService {
  /** Where its paths begin: an `http` or `https` URL without query and fragment. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. @default none */
  readonly bearer?: Secret;
  /** `user:password`, sent as `Authorization: Basic …`. @default none */
  readonly basic?: Secret;
  /** Sent with each request. Their values are kept out of messages as secrets are. @default {} */
  readonly headers?: Readonly<Record<string, Secret>>;
  /** Custom certificate authorities, and a client certificate. @default the machine's authorities, none */
  readonly tls?: TlsOptions;
}

const secret = z.custom<Secret>(isSecret, "must be a string or a function");

/** The schema of an `HttpService`. */
export const serviceSchema = z
  .strictObject({
    url: baseUrl,
    bearer: secret.optional(),
    basic: secret.optional(),
    headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), secret).default({}),
    tls: z.custom<TlsOptions>((value) => typeof value === "object" && value !== null).optional(),
  })
  .refine(({ bearer, basic }) => bearer === undefined || basic === undefined, {
    message: "must not be given together with bearer",
    path: ["basic"],
  });

/** Longest answer that is read, bytes. */
const MAX_RESPONSE_BYTES = 1_048_576;

/** Asks one service. */
export class Service {
  readonly #url: string;
  readonly #secrets: readonly Credential[];
  readonly #client: HttpClient;
  readonly #redactor = new Redactor();

  constructor({ url, bearer, basic, headers = {}, tls }: HttpService) {
    this.#url = url;
    this.#secrets = [
      ...(bearer === undefined
        ? []
        : [
            {
              name: "bearer",
              header: "authorization",
              secret: bearer,
              written: (value: string) => `Bearer ${value}`,
            },
          ]),
      ...(basic === undefined
        ? []
        : [{ name: "basic", header: "authorization", secret: basic, written: basicText }]),
      ...Object.entries(headers).map(([header, secret]) => ({
        name: `headers.${header}`,
        header: header.toLowerCase(),
        secret,
        written: (value: string) => value,
      })),
    ];
    this.#client = new HttpClient({
      maxResponseBytes: MAX_RESPONSE_BYTES,
      ...(tls === undefined ? {} : { tls }),
    });
  }

  /**
   * Returns the answer to a GET, whatever its status.
   *
   * @param path - below the service's URL, with its query
   * @throws an error without secrets if there is none
   */
  async get(path: string, signal: AbortSignal): Promise<HttpAnswer> {
    const url = this.#below(path);
    const headers: Record<string, string> = { accept: "application/json", "user-agent": "tidegate-probes" };
    for (const { name, header, secret, written } of this.#secrets) {
      const value = await readSecret(name, secret, signal);
      this.#redactor.remember(name, value);
      headers[header] = written(value);
    }
    try {
      return await this.#client.send({ method: "GET", url, headers }, { signals: [signal] });
    } catch (error) {
      const reason = error instanceof NoAnswer && error.code !== undefined ? ` (${error.code})` : "";
      throw new Error(this.redact(`GET ${url} has no answer${reason}: ${(error as Error).message}`));
    }
  }

  /** Makes an outside text fit for a message: on one line, without secrets. */
  redact(text: string): string {
    return oneLine(this.#redactor.redact(text), 300);
  }

  /** @throws an error if the path leads elsewhere: it may come from whoever registers a schedule */
  #below(path: string): URL {
    const base = new URL(`${this.#url}/`);
    const url = new URL(`${this.#url}/${path.replace(/^\//, "")}`);
    if (url.origin === base.origin && url.pathname.startsWith(base.pathname) && url.username === "")
      return url;
    throw new Error(`${path} is not below the service's URL`);
  }
}

interface Credential {
  readonly name: string;
  readonly header: string;
  readonly secret: Secret;
  readonly written: (value: string) => string;
}

function basicText(value: string): string {
  return `Basic ${Buffer.from(value, "utf8").toString("base64")}`;
}
