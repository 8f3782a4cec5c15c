import type { FirstRead } from "@tidegate/core";

/** Returns how much a run would read, in words; `undefined` if its source cannot say. */
export function readSizeText({ records, bytes }: FirstRead): string | undefined {
  const sizes = [
    ...(records === undefined ? [] : [countText(records, "record")]),
    ...(bytes === undefined ? [] : [countText(bytes, "byte")]),
  ];
  return sizes.length === 0 ? undefined : `at most ${sizes.join(", ")}`;
}

function countText(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
