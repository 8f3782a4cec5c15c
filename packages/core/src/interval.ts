/**
 * Algebra of time intervals.
 *
 * @module
 */

export {
  contains,
  type IntervalSet,
  intersect,
  measure,
  overlapsOf,
  subtract,
  toSet,
} from "./interval/interval-set.js";
