import type { Gate, GateAnswer, GateContext, GateRequest } from "../../src/gate/gate.js";

/** A gate that records what it is asked and answers as told. */
export class ScriptedGate implements Gate {
  readonly gateType: string;
  /** What it was asked, batch by batch. */
  readonly batches: GateRequest[][] = [];
  /** What to answer to each request; open unless told otherwise. */
  answer: (request: GateRequest, context: GateContext) => GateAnswer | Promise<GateAnswer> = () => ({
    isOpen: true,
  });

  constructor(gateType = "door") {
    this.gateType = gateType;
  }

  /** All requests, oldest first. */
  get requests(): GateRequest[] {
    return this.batches.flat();
  }

  /** Refuses settings that say `isMalformed`. */
  validate(settings: unknown): void {
    if ((settings as { isMalformed?: boolean } | null)?.isMalformed) throw new Error("must not be malformed");
  }

  async check(requests: readonly GateRequest[], context: GateContext): Promise<readonly GateAnswer[]> {
    this.batches.push([...requests]);
    return Promise.all(requests.map((request) => this.answer(request, context)));
  }
}

/** The answer of a gate that is closed until somebody asks again. */
export function closed(
  more: Partial<Omit<Extract<GateAnswer, { isOpen: false }>, "isOpen">> = {},
): GateAnswer {
  return { isOpen: false, reason: "the door is shut", ...more };
}
