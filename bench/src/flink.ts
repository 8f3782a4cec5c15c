import type { Figure } from "./figure.js";
import { overhead } from "./flink/overhead.js";
import { poll } from "./flink/poll.js";

/** Runs as jobs of a real Flink on the same machine. */
export async function flink(): Promise<Figure[]> {
  return [...(await overhead()), ...(await poll())];
}
