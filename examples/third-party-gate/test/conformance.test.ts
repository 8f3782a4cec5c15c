import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateSuite, START } from "@tidegate/testkit";
import { fileMarker } from "../src/index.js";

const DAY = 86_400_000;

gateSuite({
  name: "fileMarker",
  create: async () => {
    const root = mkdtempSync(join(tmpdir(), "file-marker-"));
    mkdirSync(join(root, "orders/2026-01-01"), { recursive: true });
    writeFileSync(join(root, "orders/2026-01-01/_SUCCESS"), "");
    return {
      gate: fileMarker(root),
      settings: { path: "orders/{date}/_SUCCESS" },
      refused: [{}, { path: "" }, { path: 7 }, { path: "../_SUCCESS" }],
      open: {},
      closed: { interval: { lower: START + DAY, upper: START + 2 * DAY } },
      // A file is no directory.
      broken: { settings: { path: "orders/2026-01-01/_SUCCESS/_SUCCESS" } },
      dispose: async () => rmSync(root, { recursive: true }),
    };
  },
});
