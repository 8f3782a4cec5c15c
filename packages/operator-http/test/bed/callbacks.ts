import { Webhook } from "standardwebhooks";
import type { CallbackRequest } from "../../src/index.js";
import { ORDERS_KEY } from "./operators.js";

/** What may be unusual about a callback. */
export interface CallbackOverrides {
  readonly id?: string;
  readonly key?: string;
  /** Epoch ms. */
  readonly at?: number;
}

let count = 0;

/** A callback as a service sends it: signed, with an id of its own. */
export function aCallback(message: unknown, overrides: CallbackOverrides = {}): CallbackRequest {
  count += 1;
  const { id = `msg_${count}`, key = ORDERS_KEY, at = Date.now() } = overrides;
  const rawBody = typeof message === "string" ? message : JSON.stringify(message);
  return {
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at / 1_000)),
      "webhook-signature": new Webhook(key).sign(id, new Date(at), rawBody),
    },
    rawBody: Buffer.from(rawBody),
  };
}
