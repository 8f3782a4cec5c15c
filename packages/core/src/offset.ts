/**
 * The contract of an offset provider, which tells the positions of a source, and what compares positions.
 *
 * @module
 */

export type {
  OffsetBounds,
  OffsetBoundsContext,
  OffsetContext,
  OffsetHoldContext,
  OffsetProvider,
  OffsetSize,
  OffsetsRead,
  SourceRoom,
} from "./offset/offset-provider.js";
export { checkedBounds, OffsetProviders, type OffsetSource, SOURCE_TYPE } from "./offset/offset-providers.js";
export {
  compareOffsets,
  isEmptyRange,
  isOffsetVector,
  MAIN_PARTITION,
  type OffsetRange,
  type OffsetVector,
  offsetsOf,
  offsetText,
  type PositionOrder,
  positionIn,
} from "./offset/offset-vector.js";
export { type PartitionRange, type SourceStanding, standingOf } from "./offset/source-standing.js";
