#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { isTidegateError } from "@tidegate/core";
import { groupCredential } from "./credentials/group-credential.js";

const USAGE = `Usage: tidegate-manager group-secret <groupId>

Prints the secret that opens one group at the manager's callback route, or the token if the engine has one. The engine's own
is read from the environment variable TIDEGATE_SECRET, or else from the standard input.
`;

const [command, group, ...rest] = process.argv.slice(2);
if (command !== "group-secret" || group === undefined || rest.length > 0) {
  refuse(USAGE);
} else {
  try {
    const own = (process.env.TIDEGATE_SECRET ?? readFileSync(process.stdin.fd, "utf8")).trim();
    process.stdout.write(`${groupCredential(own, group)}\n`);
  } catch (error) {
    if (!isTidegateError(error)) throw error;
    refuse(`${error.message}\n`);
  }
}

function refuse(message: string): void {
  process.stderr.write(message);
  process.exitCode = 2;
}
