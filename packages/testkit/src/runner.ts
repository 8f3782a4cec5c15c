import type * as Jest from "@jest/globals";

/** The functions of a test runner that the suites use. Vitest has them under the same names. */
type Runner = Pick<typeof Jest, "afterEach" | "beforeAll" | "beforeEach" | "describe" | "expect" | "it">;

/** The part of Vitest that has another name than Jest's. */
interface Vitest extends Runner {
  readonly vi: { setConfig(config: { readonly testTimeout: number; readonly hookTimeout: number }): void };
}

/** Vitest says in the environment that it runs; with `globals: true` its functions are global as well. */
const vitest: Vitest | undefined =
  process.env.VITEST === undefined
    ? undefined
    : "vi" in globalThis
      ? (globalThis as unknown as Vitest)
      : ((await import("vitest" as string)) as Vitest);

const jest: typeof Jest | undefined = vitest === undefined ? await import("@jest/globals") : undefined;

const runner: Runner = (vitest ?? jest)!;

export const afterEach: Runner["afterEach"] = runner.afterEach;
export const beforeAll: Runner["beforeAll"] = runner.beforeAll;
export const beforeEach: Runner["beforeEach"] = runner.beforeEach;
export const describe: Runner["describe"] = runner.describe;
export const expect: Runner["expect"] = runner.expect;
export const it: Runner["it"] = runner.it;

/** Sets how long each test of the file may take, ms. */
export function limitTests(timeoutMs: number): void {
  vitest?.vi.setConfig({ testTimeout: timeoutMs, hookTimeout: timeoutMs });
  jest?.jest.setTimeout(timeoutMs);
}
