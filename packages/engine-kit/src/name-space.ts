import { createHash } from "node:crypto";

/** Number of readable characters of a group id in a name. */
const READABLE = 80;

/** The names of everything that one installation keeps in a scheduler, such as its DAGs or workflows. */
export class NameSpace {
  /** Prefix of all names of the installation. */
  readonly prefix: string;

  /** @param installation - distinguishes this installation from others on the same scheduler */
  constructor(installation: string) {
    this.prefix = `tidegate.${installation}.`;
  }

  /**
   * Returns the name of a group: the letters, digits, `_` and `-` of its id, and a hash that makes it unique.
   * Names are made and compared, never parsed.
   */
  nameOf(groupId: string): string {
    const readable = groupId.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, READABLE);
    const hash = createHash("sha256").update(groupId).digest("hex").slice(0, 16);
    return `${this.prefix}${readable}.${hash}`;
  }

  /** Returns whether a name belongs to this installation. */
  has(name: string): boolean {
    return name.startsWith(this.prefix);
  }
}
