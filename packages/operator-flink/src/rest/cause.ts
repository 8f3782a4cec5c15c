import { causeIn, type TraceHabits } from "@tidegate/operator-kit";

const HABITS: TraceHabits = {
  // Their callers know the position in the statement.
  lessTelling: new Set([
    "CalciteException",
    "CalciteContextException",
    "ClassNotFoundException",
    "ParseException",
    "SqlParseException",
    "SqlValidatorException",
  ]),
  wrappers: new Set([
    "FlinkException",
    "JobException",
    "RestHandlerException",
    "SqlExecutionException",
    "SqlGatewayException",
  ]),
};

/** Returns the innermost cause in one of Flink's stack traces, on one line: see `causeIn` of the kit. */
export function flinkCause(trace: string): string | undefined {
  return causeIn(trace, HABITS);
}
