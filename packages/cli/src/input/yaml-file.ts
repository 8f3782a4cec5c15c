import { type Document, isCollection, isNode, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import { CommandError } from "../exit-code.js";

/** Most aliases that are followed, weighted by what they repeat: enough for templates, not for expansion. */
const MAX_ALIASES = 100;

const TOO_DEEP = "cannot be read: it is nested too deeply";

/** A value of a file, and where its fields are. */
export interface Located {
  readonly value: unknown;
  readonly placeOf: (field: string | undefined) => string;
}

/**
 * Parses a file of YAML or JSON: one value, a list of them, or several documents.
 *
 * @throws CommandError with the file and the line
 */
export function parseYaml(text: string, file: string): Located[] {
  const lines = new LineCounter();
  const documents = parsed(text, lines, file);
  return documents.flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const { line } = lines.linePos(problem.pos[0]);
      if (problem.code === "RESOURCE_EXHAUSTION") throw new CommandError(`${file}: ${TOO_DEEP}.`);
      throw new CommandError(`${file}:${line}: ${problem.message.split("\n")[0]}`);
    }
    const value = contentOf(document, file);
    const { contents } = document;
    if (value === null) return [];
    if (!isSeq(contents)) return [{ value, placeOf: placesIn(contents, [], lines, file) }];
    return (value as unknown[]).map((item, index) => ({
      value: item,
      placeOf: placesIn(contents, [String(index)], lines, file),
    }));
  });
}

function parsed(text: string, lineCounter: LineCounter, file: string): Document[] {
  try {
    const options = {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      merge: false,
      version: "1.2",
    } as const;
    return [...parseAllDocuments(text, options)] as Document[];
  } catch (error) {
    throw unreadable(file, error);
  }
}

function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): CommandError {
  // The parser calls itself for each level, so its stack overflows first.
  if (error instanceof RangeError) return new CommandError(`${file}: ${TOO_DEEP}.`);
  return new CommandError(`${file}: cannot be read: ${(error as Error).message}.`);
}

function placesIn(
  root: Node | null,
  prefix: readonly string[],
  lines: LineCounter,
  file: string,
): Located["placeOf"] {
  return (field = "") => {
    let node = root;
    for (const part of [...prefix, ...field.split(".")]) {
      const child = isCollection(node) ? node.get(isSeq(node) ? Number(part) : part, true) : undefined;
      if (!isNode(child)) break;
      node = child;
    }
    const offset = node?.range?.[0];
    return offset === undefined ? file : `${file}:${lines.linePos(offset).line}`;
  };
}
