import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { JsonObject } from "@tidegate/core";
import type { FlinkServer } from "@tidegate/test-servers";

const run = promisify(execFile);

const NAME = "RunStatements";

/** The source of a Flink program whose arguments are statements. */
const SOURCE = fileURLToPath(new URL(`./${NAME}.java`, import.meta.url));

/** A Flink program whose arguments are statements of Flink SQL, in a jar of its own. */
export class Program {
  readonly #jar: string;

  private constructor(jar: string) {
    this.#jar = jar;
  }

  /** Compiles it for a Flink, into a folder of this. */
  static async compile({ dataFolder, classPath }: FlinkServer): Promise<Program> {
    const folder = mkdtempSync(join(dataFolder, "program-"));
    const classes = join(folder, "classes");
    await run("javac", ["-cp", classPath, "-d", classes, SOURCE]);
    const jar = join(folder, "program.jar");
    await run("jar", ["--create", "--file", jar, "-C", classes, "."]);
    return new Program(jar);
  }

  /** A job that runs it. */
  run(statements: readonly string[]): JsonObject {
    return { jar: { path: this.#jar, entryClass: NAME, programArgs: [...statements] } };
  }
}
