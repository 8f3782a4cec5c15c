import { describe, expect, it } from "../runner.js";
import { carryOut, endOf, untroubled } from "./conduct.js";
import { type OperatorBed, offered } from "./fixture.js";

/** Tests the lines that jobs log. */
export function loggingRules({ fixture, supports }: OperatorBed): void {
  (supports.logs ? describe : describe.skip)("a job that logs", () => {
    const requested = () => offered(fixture(), "loggedRequest")();
    const look = (after: number) => ({ ...untroubled(), after });

    it("answers its last lines with its outcome, one to a line, by their numbers", async () => {
      const { log } = await carryOut(fixture().operator, requested());
      expect(log!.lines.length).toBeGreaterThan(1);
      for (const line of log!.lines) expect(line).toMatch(/^[^\r\n]*$/);
      expect(Number.isSafeInteger(log!.first ?? 0)).toBe(true);
      expect(log!.first ?? 0).toBeGreaterThanOrEqual(0);
    });

    it("shows the same lines by the same numbers, as far as they are still known", async () => {
      const { operator } = fixture();
      const { jobId, outcome } = await operator.submit(requested(), untroubled());
      const { log } = outcome ?? (await operator.wait(jobId, requested(), untroubled()));
      const { lines, first = 0 } = log!;
      for (let n = first; n <= first + lines.length; n += 1) {
        const shown = await operator.logs!(jobId, requested(), look(n));
        const { first: from = 0 } = shown;
        expect(from).toBeGreaterThanOrEqual(n);
        expect(shown.lines).toEqual(lines.slice(from - first, from - first + shown.lines.length));
      }
    });

    it("shows nothing behind its last line", async () => {
      const { operator } = fixture();
      const job = await operator.submit(requested(), untroubled());
      const { log } = job.outcome ?? (await operator.wait(job.jobId, requested(), untroubled()));
      const end = (log!.first ?? 0) + log!.lines.length;
      const { lines } = await operator.logs!(job.jobId, requested(), look(end));
      expect(lines).toEqual([]);
    });

    it("is told from a job that is unknown, which has no lines", async () => {
      const { operator } = fixture();
      await endOf(operator, await operator.submit(requested(), untroubled()), requested());
      const { lines } = await operator.logs!("nobody", requested(), look(0));
      expect(lines).toEqual([]);
    });
  });
}
