/** Larger than the error of a product of two decimal fractions. */
const ERROR = 4 * Number.EPSILON;

/**
 * Returns the largest whole number that a share of a whole allows: 29 of 100 for a share of 0.29, though their product
 * is 28.999999999999996.
 *
 * @param share - from 0 to 1
 */
export function shareOf(whole: number, share: number): number {
  return Math.floor(whole * share * (1 + ERROR));
}
