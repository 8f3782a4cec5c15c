type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/**
 * Parses JSON like `JSON.parse`, but keeps integers that a double cannot hold as text, as they were written:
 * SeaTunnel's job ids have 64 bits.
 *
 * @throws SyntaxError when it is not JSON
 */
export function parseExactJson(text: string): unknown {
  const exact: Reviver = (_, value, { source = "" }) => {
    const isRounded = typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return isRounded ? source : value;
  };
  return JSON.parse(text, exact as Parameters<typeof JSON.parse>[1]);
}
