import { useState } from "react";
import { isObject, valueAt } from "./definition.js";
import { type FieldProps, Frame } from "./field-frame.js";
import { useDraft } from "./use-wizard.js";
import styles from "./wizard.module.css";

/** Longest text that is read, characters: a manager takes a definition of at most a mebibyte. */
const MOST_CHARACTERS = 1_000_000;

interface WrittenFieldProps extends FieldProps {
  readonly rows: number;
  readonly placeholder?: string | undefined;
  readonly write: (value: unknown) => string;
  /** Returns the value of a text; throws if it has none. */
  readonly read: (text: string) => unknown;
}

/** A value that is written as a text. What cannot be read stays in the field, with the reason, and is not used. */
function WrittenField({ rows, placeholder, write, read, ...field }: WrittenFieldProps) {
  const { definition, set } = useDraft();
  const [text, setText] = useState(() => write(valueAt(definition, field.path)));
  const [problem, setProblem] = useState<string | undefined>();
  const isTooLong = (next: string) => {
    const isRefused = next.length > MOST_CHARACTERS;
    if (isRefused) setProblem(`must not be longer than ${MOST_CHARACTERS.toLocaleString("en")} characters`);
    return isRefused;
  };
  const change = (next: string) => {
    if (isTooLong(next)) return;
    setText(next);
    try {
      set(field.path, next.trim() === "" ? undefined : read(next));
      setProblem(undefined);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <Frame {...field} hasInner problem={problem}>
      {(given) => (
        <textarea
          {...given}
          className={styles.code}
          rows={rows}
          value={text}
          placeholder={placeholder}
          spellCheck={false}
          onChange={(event) => change(event.target.value)}
          // Refused before the browser shows it, which takes its time for lines of megabytes.
          onPaste={(event) => {
            if (isTooLong(event.clipboardData.getData("text"))) event.preventDefault();
          }}
        />
      )}
    </Frame>
  );
}

/** JSON, for what no form is made for. */
export function JsonField({
  isObjectOnly = false,
  placeholder = isObjectOnly ? "{ }" : undefined,
  ...field
}: FieldProps & { readonly isObjectOnly?: boolean; readonly placeholder?: string | undefined }) {
  return (
    <WrittenField
      {...field}
      rows={5}
      placeholder={placeholder}
      write={(value) => (value === undefined ? "" : JSON.stringify(value, null, 2))}
      read={(text) => {
        const value: unknown = JSON.parse(text);
        if (isObjectOnly && !isObject(value)) throw new Error("must be an object, such as { }");
        return value;
      }}
    />
  );
}

/** Texts, one a line. */
export function ListField(field: FieldProps & { readonly placeholder?: string }) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) => (Array.isArray(value) ? value.join("\n") : typeof value === "string" ? value : "")}
      read={linesOf}
    />
  );
}

/** Pairs of a name and a text, one a line. */
export function PairsField(field: FieldProps & { readonly placeholder?: string }) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) =>
        isObject(value)
          ? Object.entries(value)
              .map(([name, each]) => `${name}=${each}`)
              .join("\n")
          : ""
      }
      read={(text) => Object.fromEntries(linesOf(text).map(pairOf))}
    />
  );
}

/** Groups that must have covered the same interval, one a line. */
export function GroupsField(field: FieldProps) {
  return (
    <WrittenField
      {...field}
      rows={3}
      write={(value) => (isObject(value) ? groupsOf(value).join("\n") : "")}
      read={(text) => {
        const groups = linesOf(text).map((groupId) => ({ groupId }));
        return groups.length === 1 ? groups[0] : { all: groups };
      }}
    />
  );
}

function groupsOf({ groupId, all }: Record<string, unknown>): unknown[] {
  return Array.isArray(all) ? all.flatMap(groupsOf) : [groupId];
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function pairOf(line: string): [string, string] {
  const at = line.indexOf("=");
  if (at < 1) throw new Error(`"${line}" must be name=value`);
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}
