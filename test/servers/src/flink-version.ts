/** What the tests run on where nobody names another. */
const DEFAULT_VERSION = "2.3.0";

/**
 * The Flink of the tests: the one that the environment variable TIDEGATE_FLINK names.
 *
 * @throws Error for what is no version
 */
export function flinkVersion(): string {
  const version = process.env.TIDEGATE_FLINK ?? DEFAULT_VERSION;
  if (/^\d+\.\d+\.\d+$/.test(version)) return version;
  throw new Error(`TIDEGATE_FLINK must be like ${DEFAULT_VERSION}, is ${JSON.stringify(version)}.`);
}

/**
 * The first patch of a version: of jars that are for trying Flink out, registries need not have the later ones, and they run
 * on all of them.
 */
export function firstPatch(version: string): string {
  return version.replace(/\d+$/, "0");
}
