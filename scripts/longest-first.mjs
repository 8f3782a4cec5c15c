import Sequencer from "@jest/test-sequencer";
import { LONG_TESTS } from "./long-tests.mjs";

/** Orders test files so that the longest start first: one that starts last would be waited for alone. */
export default class LongestFirst extends Sequencer {
  time(test) {
    return super.time(test) ?? 1_000 * secondsOf(test.path);
  }
}

/** For a machine's first run: afterwards Jest knows its own. */
function secondsOf(path) {
  const name = Object.keys(LONG_TESTS).find((end) => path.endsWith(`/${end}`));
  return LONG_TESTS[name] ?? (path.endsWith(".live.test.ts") ? 40 : 1);
}
