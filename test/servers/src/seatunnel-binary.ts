import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillCache } from "./cache.js";
import { copyArtifacts } from "./maven.js";

/** The newest version whose server Maven Central has. */
const VERSION = "2.3.4";

/** Which folder of its home has which artifacts. */
const CONTENTS = {
  starter: ["seatunnel-starter"],
  lib: ["seatunnel-transforms-v2"],
  connectors: ["connector-fake", "connector-console", "connector-assert", "connector-file-local"],
} as const;

const HADOOP = `org.apache.seatunnel:seatunnel-hadoop3-3.1.4-uber:${VERSION}:jar:optional`;

/** Which connector has which plugin. */
const PLUGINS = `
seatunnel.source.FakeSource = connector-fake
seatunnel.source.LocalFile = connector-file-local
seatunnel.sink.Assert = connector-assert
seatunnel.sink.Console = connector-console
seatunnel.sink.LocalFile = connector-file-local
`;

/**
 * Finds a SeaTunnel in the cache, or assembles one there from Maven Central.
 *
 * @returns its home
 * @throws Error naming what is needed, when that does not work
 */
export async function findSeaTunnel(): Promise<string> {
  const cache = join(cacheFolder("seatunnel"), VERSION);
  if (existsSync(cache)) return cache;
  process.stderr.write(`Assembling SeaTunnel ${VERSION} from Maven Central in ${cache}, about 120 MB ...\n`);
  const failures = await fillCache(cache, [{ name: "mvn dependency:copy", get: assemble }]);
  if (existsSync(cache)) return cache;
  throw new Error(
    "There is no SeaTunnel. To assemble one this needs Java 8 to 17 on the path, and Maven Central. " +
      `Tried:\n${failures.join("\n")}`,
  );
}

async function assemble(home: string): Promise<void> {
  for (const [folder, names] of Object.entries(CONTENTS)) {
    for (const name of names) {
      process.stderr.write(`Getting ${name} ...\n`);
      await copyArtifacts([`org.apache.seatunnel:${name}:${VERSION}`], join(home, folder));
    }
  }
  process.stderr.write("Getting what it reads and writes files with ...\n");
  await copyArtifacts([HADOOP], join(home, "lib"));
  writeFileSync(join(home, "connectors", "plugin-mapping.properties"), PLUGINS.trimStart());
}
