import { afterEach } from "@jest/globals";
import { createHttpOperator, type HttpOperator, type HttpOperatorOptions } from "../../src/index.js";

/** A key of Standard Webhooks: 32 bytes. */
export const ORDERS_KEY = `whsec_${Buffer.alloc(32, "orders").toString("base64")}`;
export const OTHER_KEY = `whsec_${Buffer.alloc(32, "other").toString("base64")}`;

/** Lets jobs call services on this machine without TLS. */
export const LOOPBACK: HttpOperatorOptions = {
  allow: ["127.0.0.1"],
  allowHttp: true,
  allowPrivate: ["127.0.0.1"],
};

/** Makes operators that are stopped after each test. */
export function useOperators(): (options?: Partial<HttpOperatorOptions>) => HttpOperator {
  const operators: HttpOperator[] = [];
  afterEach(async () => {
    await Promise.all(operators.splice(0).map((operator) => operator.stop()));
  });
  return (options = {}) => {
    const operator = createHttpOperator({ ...LOOPBACK, ...options });
    operators.push(operator);
    return operator;
  };
}

/** What a promise rejects with. */
export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("It was expected to reject.");
    },
    (error: unknown) => error,
  );
}
