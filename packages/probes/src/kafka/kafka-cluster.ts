import { isSecret, type Secret } from "@tidegate/operator-kit";
import type { TlsOptions } from "@tidegate/rest-client";
import { z } from "zod";

/** A Kafka cluster that is asked. */
export interface KafkaCluster {
  /** Addresses of some of its brokers, such as `["kafka-1:9092", "kafka-2:9092"]`. */
  readonly brokers: readonly string[];
  /** Credentials. @default none */
  readonly sasl?: {
    /** @default "SCRAM-SHA-512" */
    readonly mechanism?: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    readonly username: Secret;
    readonly password: Secret;
  };
  /** `true` for TLS with the machine's authorities; or custom authorities, and a client certificate. @default none */
  readonly tls?: boolean | TlsOptions;
}

const secret = z.custom<Secret>(isSecret, "must be a string or a function");

/** The schema of a `KafkaCluster`. */
export const clusterSchema = z.strictObject({
  brokers: z
    .array(z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9A-Fa-f:]+\]:\d{1,5}$/, "must be host:port"))
    .min(1),
  sasl: z
    .strictObject({
      mechanism: z.enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]).default("SCRAM-SHA-512"),
      username: secret,
      password: secret,
    })
    .optional(),
  tls: z
    .union([z.boolean(), z.custom<TlsOptions>((value) => typeof value === "object" && value !== null)])
    .optional(),
});
