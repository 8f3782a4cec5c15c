import { registerHooks } from "node:module";

/** Lets Node run the package's source: its imports name the `.js` files that the compiler would make. */
registerHooks({
  resolve(specifier, context, next) {
    const isSource = context.parentURL?.endsWith(".ts") && /^\.{1,2}\/.*\.js$/.test(specifier);
    return next(isSource ? specifier.replace(/\.js$/, ".ts") : specifier, context);
  },
});
