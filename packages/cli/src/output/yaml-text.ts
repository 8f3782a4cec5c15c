import { Document, isScalar, visit } from "yaml";
import { hasHidden, visibleJson } from "./visible.js";

/** Writes a value as YAML in which every character can be seen. */
export function yamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, node) => {
      if (isScalar(node) && typeof node.value === "string" && hasHidden(node.value))
        node.type = "QUOTE_DOUBLE";
    },
  });
  return visibleJson(document.toString({ lineWidth: 0 }));
}
