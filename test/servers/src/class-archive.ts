import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, say } from "./cache.js";

const run = promisify(execFile);

/**
 * The classes of a Java program as the Java machine keeps them in memory, in a file of the cache. With it the machine need
 * not read and check them again, which is nearly half of the work of a start. A Java that cannot use the file does
 * without it.
 */
export class ClassArchive {
  readonly #program: string;
  readonly #file: string;

  private constructor(program: string, file: string) {
    this.#program = program;
    this.#file = file;
  }

  /**
   * @param program - such as `kafka`
   * @param classPath - of jars only: of folders, Java makes no archive
   */
  static async of(program: string, classPath: string, java = "java"): Promise<ClassArchive> {
    const { stderr } = await run(java, ["-version"]).catch(() => ({ stderr: "" }));
    const key = hash("sha256", `${stderr}\0${classPath}`, "hex").slice(0, 12);
    return new ClassArchive(program, join(cacheFolder("classes"), `${program}-${key}.jsa`));
  }

  /** Options of a Java that uses it; none while there is nothing to use. */
  get options(): readonly string[] {
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    return size === 0 ? [] : [`-XX:SharedArchiveFile=${this.#file}`];
  }

  /**
   * Records a start of the program, once on each machine.
   *
   * @param perform - starts it with these options of Java, and ends it in good order, upon which Java writes the file
   */
  record(perform: (options: readonly string[]) => Promise<void>): Promise<void> {
    return recordTogether({ program: this }, ({ program }) => perform(program));
  }

  /** Whether nobody has recorded a start on this machine. */
  get isWanted(): boolean {
    return !existsSync(this.#file);
  }

  /** Options of a Java that writes the draft of the file at its end. */
  get recording(): readonly string[] {
    say(`Recording the classes of ${this.#program}, so that it starts sooner from now on ...`);
    mkdirSync(dirname(this.#file), { recursive: true });
    return ["-XX:+IgnoreUnrecognizedVMOptions", `-XX:ArchiveClassesAtExit=${this.#draft}`];
  }

  /** Makes the draft the file. */
  keep(): void {
    if (existsSync(this.#draft)) renameSync(this.#draft, this.#file);
    // Java before 13 cannot write one: that need not be tried again.
    else writeFileSync(this.#file, "");
  }

  get #draft(): string {
    return `${this.#file}-${process.pid}`;
  }
}

/** Records a start of programs that make up one server. @param perform - as for one program, with the options of each */
export async function recordTogether<Name extends string>(
  archives: Readonly<Record<Name, ClassArchive>>,
  perform: (options: Readonly<Record<Name, readonly string[]>>) => Promise<void>,
): Promise<void> {
  const entries = Object.entries<ClassArchive>(archives);
  const wanted = entries.filter(([, archive]) => archive.isWanted);
  if (wanted.length === 0) return;
  const options = entries.map(([name, archive]) => [
    name,
    archive.isWanted ? archive.recording : archive.options,
  ]);
  await perform(Object.fromEntries(options));
  for (const [, archive] of wanted) archive.keep();
}
