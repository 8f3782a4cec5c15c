export { compareBytes, evenCuts, quantileCuts } from "./cuts.js";
export { fileShards, filesOf, type VersionedFile } from "./files.js";
export { partitionShards, partitionsOf } from "./partitions.js";
export { isInPart, type KeyPart, partOf, partsOf, rangeShards } from "./ranges.js";
