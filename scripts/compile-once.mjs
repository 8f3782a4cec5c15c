// Jest's runtime, with V8's code of each module kept in memory. Jest gives each test file a context of its own and compiles
// all modules anew for it, the same few hundred each time, which takes a third of the time to load them.
import vm from "node:vm";
import Runtime from "jest-runtime";

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
