import { Argument, InvalidArgumentError } from "commander";

/** The name of arguments that are ids of groups; completion looks for it. */
export const GROUP = "group";

/** Returns the argument of a group. */
export function groupArgument(): Argument {
  return new Argument(`<${GROUP}>`, "id of the group");
}

/** Returns the argument of one or more groups. */
export function groupsArgument(isRequired = true): Argument {
  const [open, close] = isRequired ? "<>" : "[]";
  return new Argument(`${open}${GROUP}...${close}`, "ids of groups");
}

/** Parses a whole number of an option. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
