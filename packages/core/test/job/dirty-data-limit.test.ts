import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { exceedsDirtyDataLimit } from "../../src/job/dirty-data-limit.js";

describe("a limit of bad rows", () => {
  it("allows as many rows as it says, and none more", () => {
    expect(exceedsDirtyDataLimit({ rowsRead: 10, rowsDirty: 7 }, { maxRows: 7 })).toBe(false);
    expect(exceedsDirtyDataLimit({ rowsRead: 10, rowsDirty: 8 }, { maxRows: 7 })).toBe(true);
    expect(exceedsDirtyDataLimit({ rowsRead: 10, rowsDirty: 8 }, {})).toBe(false);
    expect(exceedsDirtyDataLimit({}, { maxRows: 0, maxRatio: 0 })).toBe(false);
  });

  it("allows exactly its share, although binary fractions are not exact", () => {
    const cases = { hundredths: fc.integer({ min: 0, max: 100 }), parts: fc.integer({ min: 1, max: 1e9 }) };
    fc.assert(
      fc.property(fc.record(cases), ({ hundredths, parts }) => {
        const limit = { maxRatio: hundredths / 100 };
        const rowsRead = 100 * parts;
        const rowsDirty = hundredths * parts;
        expect(exceedsDirtyDataLimit({ rowsRead, rowsDirty }, limit)).toBe(false);
        expect(exceedsDirtyDataLimit({ rowsRead, rowsDirty: rowsDirty + 1 }, limit)).toBe(true);
      }),
    );
  });
});
