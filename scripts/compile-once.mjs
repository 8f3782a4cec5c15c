// Jest's runtime, with V8's code of each module kept in memory. Jest gives each test file a context of its own and compiles
// all modules anew for it, the same few hundred each time, which takes a third of the time to load them.
import { setFlagsFromString } from "node:v8";
import vm from "node:vm";
import Runtime from "jest-runtime";

// V8 keeps compiled code of its own, which fits no other context: it compares each source with that of all contexts before,
// character by character, which took a tenth of a worker's time in the end.
setFlagsFromString("--no-compilation-cache");

/** Each file's source, how often it was compiled, and its code from the second time on. */
const files = new Map();

/** Returns the entry of a file, and notes that it is compiled once more. */
function compiledOnceMore(file, source) {
  let known = files.get(file);
  if (known?.source !== source) {
    known = { source, times: 0, code: undefined };
    files.set(file, known);
  }
  known.times += 1;
  return known;
}

/** Returns whether the code is worth keeping: most test files are compiled once. */
const isWanted = ({ times, code }) => times > 1 && code === undefined;

const { SourceTextModule, compileFunction } = vm;

vm.SourceTextModule = class extends SourceTextModule {
  constructor(source, options) {
    const known = compiledOnceMore(options.identifier, source);
    super(source, { ...options, cachedData: known.code });
    // V8 only provides the code of a module that has not been evaluated yet.
    if (isWanted(known)) known.code = this.createCachedData();
  }
};

vm.compileFunction = (source, parameters, options) => {
  const known = compiledOnceMore(options.filename, source);
  const cached = { cachedData: known.code, produceCachedData: isWanted(known) };
  const compiled = compileFunction(source, parameters, { ...options, ...cached });
  if (cached.produceCachedData) known.code = compiled.cachedData;
  return compiled;
};

export default Runtime;
