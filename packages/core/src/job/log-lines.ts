import { boundedLine, boundedLog, bytesOfLine, type JobLog, LOG_BYTES, logAfter } from "./job-log.js";

/** The lines that a job logs as it works: the last 256 kB of them stay, by the numbers that they had. */
export class LogLines {
  #lines: string[] = [];
  /** How many lines were dropped. */
  #first = 0;
  #bytes = 0;

  /** Adds a text, which may have several lines. */
  add(text: string): void {
    for (const each of text.replace(/\r\n$|[\r\n]$/, "").split(/\r\n|\r|\n/)) {
      const line = boundedLine(each);
      this.#lines.push(line);
      this.#bytes += bytesOfLine(line);
    }
    // To drop lines one at a time would copy the rest each time.
    if (this.#bytes > 2 * LOG_BYTES) this.#shorten();
  }

  /** The lines, for `JobOutcome.log`; `undefined` if there are none. */
  get log(): Required<JobLog> | undefined {
    return this.#lines.length === 0 ? undefined : boundedLog(this.after(0));
  }

  /** Returns the lines from number `after` on, as `ScheduleOperator.logs` does. */
  after(after: number): Required<JobLog> {
    return logAfter({ lines: this.#lines, first: this.#first }, after);
  }

  #shorten(): void {
    const { lines, first } = boundedLog({ lines: this.#lines, first: this.#first });
    this.#lines = [...lines];
    this.#first = first;
    this.#bytes = lines.reduce((sum, line) => sum + bytesOfLine(line), 0);
  }
}
