import { describe, expect, it } from "@jest/globals";
import {
  isTidegateError,
  LedgerError,
  messageOf,
  ScheduleError,
  TidegateError,
} from "../../src/errors/errors.js";

describe("errors", () => {
  it("carry a stable code, the field, the cause and the name of their class", () => {
    const cause = new Error("disk full");
    const error = new ScheduleError("SCHEDULE_INVALID", "groupId: is needed.", { field: "groupId", cause });
    expect(error).toBeInstanceOf(TidegateError);
    expect(error).toMatchObject({
      name: "ScheduleError",
      code: "SCHEDULE_INVALID",
      field: "groupId",
      message: "groupId: is needed.",
    });
    expect(error.cause).toBe(cause);
  });

  it("have no cause where there was none", () => {
    const error = new LedgerError("RUN_NOT_FOUND", "There is no run x.");
    expect("cause" in error).toBe(false);
    expect(error.field).toBeUndefined();
  });

  it("are known by their shape, so that two copies of the package agree", () => {
    const foreign = Object.assign(new Error("x"), { code: "RUN_NOT_FOUND", field: undefined });
    expect(isTidegateError(foreign)).toBe(true);
    expect(isTidegateError(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe(false);
    expect(isTidegateError({ code: "RUN_NOT_FOUND", field: "id" })).toBe(false);
    expect(isTidegateError(undefined)).toBe(false);
  });

  it("have a message whatever was thrown", () => {
    expect(messageOf(new Error("boom"))).toBe("boom");
    expect(messageOf("plain")).toBe("plain");
    expect(messageOf(undefined)).toBe("undefined");
  });
});
