#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { groupSecret, groupToken, SECRET_FORM } from "@tidegate/webhook";
import { isToken } from "./credentials/bearer.js";
import { groupId } from "./schemas/schedule.js";

const USAGE = `Usage: tidegate-manager group-secret <groupId>

Prints the secret that opens one group at the manager's callback route, or the token if the engine has one. The engine's own
is read from the environment variable TIDEGATE_SECRET, or else from the standard input.
`;

const [command, group, ...rest] = process.argv.slice(2);
if (command !== "group-secret" || group === undefined || rest.length > 0) {
  refuse(USAGE);
} else if (!groupId.safeParse(group).success) {
  refuse(`${group} is not the id of a group.\n`);
} else {
  const own = (process.env.TIDEGATE_SECRET ?? readFileSync(process.stdin.fd, "utf8")).trim();
  const derived = groupCredential(own, group);
  if (derived === undefined) refuse(`The secret ${SECRET_FORM}; a token 16 or more visible characters.\n`);
  else process.stdout.write(`${derived}\n`);
}

/** A malformed secret must not be mistaken for a token. */
function groupCredential(own: string, group: string): string | undefined {
  if (own.startsWith("whsec_")) return groupSecret(own, group);
  return isToken(own) ? groupToken(own, group) : undefined;
}

function refuse(message: string): void {
  process.stderr.write(message);
  process.exitCode = 2;
}
