// Jest's runtime, with V8's code of each module kept in memory. Jest gives each test file a world of its own and compiles
// all modules anew for it: a third of the time that they take to load, for the same few hundred modules each time.
import vm from "node:vm";
import Runtime from "jest-runtime";

/** What is known of each file: its source, how often it was compiled, and then its code. */
const files = new Map();

/** Returns what is known of a file, and notes that it is compiled once more. */
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
    // Later, when the module has been evaluated, it can no longer be had.
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
