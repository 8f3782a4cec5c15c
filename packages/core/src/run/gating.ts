/**
 * How gates hold a run before it may be claimed.
 *
 * - `none`: not at all;
 * - `in-turn`: it goes through its schedule's gates, and later runs of its lane do not overtake it;
 * - `overtakable`: it goes through its schedule's gates, and others of its lane may go first.
 *
 * Stores may keep it as its index in this list.
 */
export const GATINGS = ["none", "in-turn", "overtakable"] as const;

/** One of `GATINGS`. */
export type Gating = (typeof GATINGS)[number];
