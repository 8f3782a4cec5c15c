import sequencer from "@jest/test-sequencer";

/** Seconds of the longest test files. Jest knows those of this machine once it has run; these are for its first run. */
const SECONDS = {};

/** Orders test files so that the longest start first: one that starts last would be waited for alone. */
export default class LongestFirst extends sequencer.default {
  time(test) {
    return super.time(test) ?? 1_000 * secondsOf(test.path);
  }
}

function secondsOf(path) {
  const name = Object.keys(SECONDS).find((end) => path.endsWith(end));
  return SECONDS[name] ?? 1;
}
