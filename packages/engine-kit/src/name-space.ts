import { createHash } from "node:crypto";

/** How many characters of a group id are readable in a name. */
const READABLE = 80;

/** The names that one installation gives to what it keeps in a scheduler, such as its DAGs or workflows. */
export class NameSpace {
  /** The beginning of all names of the installation. */
  readonly prefix: string;

  /** @param installation - tells this installation from others on the same scheduler */
  constructor(installation: string) {
    this.prefix = `tidegate.${installation}.`;
  }

  /**
   * The name of a group: the letters, digits, `_` and `-` of its id, and a hash that tells it from all others. A name is made
   * and compared, never read.
   */
  nameOf(groupId: string): string {
    const readable = groupId.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, READABLE);
    const hash = createHash("sha256").update(groupId).digest("hex").slice(0, 16);
    return `${this.prefix}${readable}.${hash}`;
  }

  /** Whether a name is of this installation. */
  has(name: string): boolean {
    return name.startsWith(this.prefix);
  }
}
