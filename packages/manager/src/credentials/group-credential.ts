import { ConfigurationError } from "@tidegate/core";
import { groupSecret, groupToken, SECRET_FORM } from "@tidegate/webhook";
import { groupId } from "../schemas/schedule.js";
import { isToken } from "./bearer.js";

/**
 * Returns the secret, or the token, that opens one group at the callback route.
 *
 * @param own - the engine's own, as in `callbacks`
 * @throws ConfigurationError CONFIGURATION_INVALID if it, or the group's id, is malformed; it never shows credentials
 */
export function groupCredential(own: string, group: string): string {
  if (!groupId.safeParse(group).success) {
    throw new ConfigurationError("CONFIGURATION_INVALID", `${group} is not the id of a group.`);
  }
  // A malformed secret must not be mistaken for a token.
  const derived = own.startsWith("whsec_")
    ? groupSecret(own, group)
    : isToken(own)
      ? groupToken(own, group)
      : undefined;
  if (derived !== undefined) return derived;
  throw new ConfigurationError(
    "CONFIGURATION_INVALID",
    `The secret ${SECRET_FORM}; a token 16 or more visible characters.`,
  );
}
