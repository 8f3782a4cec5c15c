import type { ProbeAnswer, ProbeContext, ProbeQuestion, ReadinessProbe } from "../../src/probe/probe.js";

/** A probe that records what it is asked and answers as told. */
export class ScriptedProbe implements ReadinessProbe {
  readonly probeType: string;
  /** The questions it was asked, oldest first. */
  readonly questions: ProbeQuestion[] = [];
  /** Most questions that were open at a time. */
  most = 0;
  #open = 0;
  /** The answer; ready unless told otherwise. */
  answer: (question: ProbeQuestion, context: ProbeContext) => ProbeAnswer | Promise<ProbeAnswer> = () => ({
    isReady: true,
    detail: "",
  });

  constructor(probeType = "shop") {
    this.probeType = probeType;
  }

  /** Refuses entries that say `isMalformed`. */
  validate(spec: unknown): void {
    if ((spec as { isMalformed?: boolean }).isMalformed !== true) return;
    throw Object.assign(new Error("must not be malformed"), { field: "isMalformed" });
  }

  async check(question: ProbeQuestion, context: ProbeContext): Promise<ProbeAnswer> {
    this.questions.push(question);
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    try {
      return await this.answer(question, context);
    } finally {
      this.#open -= 1;
    }
  }
}

/** The answer of a source that is not ready. */
export function notReady(more: Partial<ProbeAnswer> = {}): ProbeAnswer {
  return { isReady: false, detail: "the shop is closed", ...more };
}
