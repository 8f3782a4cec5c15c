import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder, itself, say } from "./cache.js";
import { copyArtifacts } from "./maven.js";

/** The newest version whose server Maven Central has. */
const VERSION = "2.3.4";

/** Which folder of its home has which artifacts. */
const CONTENTS = {
  starter: ["seatunnel-starter"],
  lib: ["seatunnel-transforms-v2"],
  connectors: [
    "connector-fake",
    "connector-console",
    "connector-assert",
    "connector-file-local",
    "connector-jdbc",
  ],
} as const;

const LIBRARIES = [
  `org.apache.seatunnel:seatunnel-hadoop3-3.1.4-uber:${VERSION}:jar:optional`,
  "org.postgresql:postgresql:42.7.7",
];

/** Which connector has which plugin. */
const PLUGINS = `
seatunnel.source.FakeSource = connector-fake
seatunnel.source.LocalFile = connector-file-local
seatunnel.source.Jdbc = connector-jdbc
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
  return cached({
    what: `SeaTunnel ${VERSION}`,
    megabytes: 120,
    folder: join(cacheFolder("seatunnel"), `${VERSION}-jdbc`),
    find: itself,
    ways: [{ name: "mvn dependency:copy", get: assemble }],
    help: "To assemble one this needs Java 8 to 17 on the path, and Maven Central.",
  });
}

async function assemble(home: string): Promise<void> {
  for (const [folder, names] of Object.entries(CONTENTS)) {
    for (const name of names) {
      say(`Getting ${name} ...`);
      await copyArtifacts([`org.apache.seatunnel:${name}:${VERSION}`], join(home, folder));
    }
  }
  say("Getting what it reads and writes files and tables with ...");
  await copyArtifacts(LIBRARIES, join(home, "lib"));
  writeFileSync(join(home, "connectors", "plugin-mapping.properties"), PLUGINS.trimStart());
}
