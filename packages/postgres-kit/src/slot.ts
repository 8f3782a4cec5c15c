/**
 * Changes of tables, read out of a replication slot.
 *
 * @module
 */

export { lsnOf, lsnText } from "./slot/lsn.js";
export type { LoggedRow } from "./slot/message-reader.js";
export {
  changesOf,
  type LsnRange,
  type PublishedSlot,
  peekSql,
  type SlotChange,
  type SlotMessage,
} from "./slot/slot-changes.js";
