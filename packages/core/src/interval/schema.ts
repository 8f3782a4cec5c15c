import { z } from "zod";
import { at } from "../shape/field.js";

/** The schema of an `Interval`. */
export const intervalSchema = z
  .object({
    lower: at("Inclusive lower bound"),
    upper: at("Exclusive upper bound"),
  })
  .meta({
    id: "Interval",
    description: "A half-open interval of time `[lower, upper)` in epoch ms. Empty if both are equal.",
    examples: [{ lower: 1_767_225_600_000, upper: 1_767_229_200_000 }],
  });
