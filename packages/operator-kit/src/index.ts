export { LogLines } from "@tidegate/core/operator";
export { type Bounds, boundsOf, offsetRangeOf, timeBoundsOf } from "./bounds.js";
export {
  type Abilities,
  type DefinedOperator,
  defineOperator,
  type JobCall,
  type OperatorDefinition,
  type PreparingDefinition,
} from "./define-operator.js";
export { causeIn, shortenedCause, type TraceHabits } from "./java-trace.js";
export { JobWatch, type JobWatchSettings, type Sighting } from "./job-watch.js";
export { operatorModule } from "./operator-module.js";
export { invalidJob, jobJsonSchema, parseJob } from "./parse-job.js";
export { BRACES, hasLooseBraces, namesIn, replaceNames } from "./placeholders/braces.js";
export {
  type BoundFormat,
  type BoundPlaceholder,
  isBound,
  isPositionFormat,
  knownPlaceholders,
  type Placeholder,
  type PositionFormat,
  placeholderOf,
  TIME_FORMATS,
  unknownPlaceholder,
} from "./placeholders/placeholder.js";
export { type Filling, instantOf, placeholderText } from "./placeholders/placeholder-text.js";
export { nearestInstant, timestampText } from "./placeholders/time-text.js";
export { type Rerun, rerunNotes, rerunSchema, writeEffectOf } from "./rerun.js";
export {
  isSecret,
  readSecret,
  readSecrets,
  SECRET_NAME,
  type Secret,
  secretName,
  secretsSchema,
  unreadableSecret,
} from "./secrets.js";
export { timezoneSchema } from "./timezone.js";
