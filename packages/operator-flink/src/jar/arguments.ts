import type { Filling } from "../job/bounds.js";
import { invalidJob } from "../job/invalid-job.js";
import { BRACES, placeholderOf, placeholderText, unknownPlaceholder } from "../job/placeholder.js";

/**
 * Fills the placeholders of a program's arguments. Each argument stays a single one, whatever is filled in.
 */
export function fillArguments(templates: readonly string[], filling: Filling): string[] {
  return templates.map((template) =>
    template.replace(BRACES, (braces, name: string) => {
      const placeholder = placeholderOf(name);
      if (placeholder === undefined || placeholder.kind === "secret") return braces;
      return placeholderText(placeholder, filling);
    }),
  );
}

/** @throws OperatorError JOB_INVALID with the field of an argument that has an unknown placeholder */
export function checkArguments(templates: readonly string[]): void {
  templates.forEach((template, index) => {
    const field = `job.jar.programArgs.${index}`;
    for (const [, name = ""] of template.matchAll(BRACES)) {
      const placeholder = placeholderOf(name);
      if (placeholder === undefined) throw invalidJob(field, unknownPlaceholder(name));
      if (placeholder.kind === "secret") {
        throw invalidJob(field, "must not hold a secret: Flink shows a program's arguments to whoever asks");
      }
    }
  });
}
