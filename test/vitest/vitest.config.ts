import { defineConfig } from "vitest/config";

/** Far longer than any test takes, as in Jest's configuration: a slow machine is not a failure. */
const LIMIT_MS = 180_000;

export default defineConfig({
  test: { include: ["*.vitest.ts"], testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS },
});
