#!/usr/bin/env node
import module from "node:module";
import { version } from "./version.js";

const args = process.argv.slice(2);
// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${version()}\n`);
} else {
  // A third of a command's time is the compilation of its modules, which Node keeps from 22.8 on.
  module.enableCompileCache?.();
  const { main } = await import("./main.js");
  process.exitCode = await main(args);
}
