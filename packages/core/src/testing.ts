/**
 * A clock that a test moves, a store in memory, and an event emitter.
 *
 * @module
 */

export { VirtualClock, type VirtualClockOptions } from "./clock/virtual-clock.js";
export { createEmitter } from "./events/events.js";
export { MemoryStore, type MemoryStoreOptions } from "./store/memory-store.js";
