/** A server-sent event (HTML, section 9.2). */
export interface ServerEvent {
  /** The last id that was sent, with this event or before it. */
  readonly id: string;
  /** Empty if only an id came, or a comment. */
  readonly type: string;
  readonly data: string;
}

/** Reads server-sent events from pieces of text that end anywhere. */
export class EventText {
  #rest = "";
  #id = "";
  #type = "";
  #data: string[] = [];

  /** Returns the events that end with this piece. */
  read(piece: string): ServerEvent[] {
    // The two characters of a line's end may come apart.
    const text = (this.#rest + piece).replaceAll("\r\n", "\n");
    const end = Math.max(text.lastIndexOf("\n"), text.slice(0, -1).lastIndexOf("\r")) + 1;
    this.#rest = text.slice(end);
    const lines = text.slice(0, end).split(/[\n\r]/);
    lines.pop();
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    return undefined;
  }

  #end(): ServerEvent {
    const event = {
      id: this.#id,
      type: this.#data.length === 0 ? "" : this.#type,
      data: this.#data.join("\n"),
    };
    this.#type = "";
    this.#data = [];
    return event;
  }
}
