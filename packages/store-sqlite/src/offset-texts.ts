import type { OffsetWatermark, RunOffsets } from "@tidegate/core";
import { type OffsetVector, offsetText } from "@tidegate/core/offset";

/**
 * Positions in one plan as JSON. The end of its run is mostly the position of its group as well, and the end of the source: one object, whose
 * text is written once.
 */
export class OffsetTexts {
  #last: OffsetVector | undefined;
  #lastText = "";

  /** Returns the JSON of what a run reads. */
  ofRun({ incarnation, epoch, lower, upper }: RunOffsets): string {
    return `{"incarnation":${JSON.stringify(incarnation)},"epoch":${epoch},"lower":${offsetText(lower)},"upper":${this.#of(upper)}}`;
  }

  /** Returns the JSON of how far a source is planned. */
  ofWatermark(offsets: OffsetWatermark): string {
    const { position, latest, origin } = offsets;
    let text = `{"position":${this.#of(position)},"latest":${this.#of(latest)},"origin":${offsetText(origin)}`;
    let field: keyof OffsetWatermark;
    for (field in offsets) {
      if (field === "position" || field === "latest" || field === "origin") continue;
      const value = offsets[field];
      if (value !== undefined) text += `,"${field}":${JSON.stringify(value)}`;
    }
    return `${text}}`;
  }

  #of(vector: OffsetVector): string {
    if (vector !== this.#last) {
      this.#lastText = offsetText(vector);
      this.#last = vector;
    }
    return this.#lastText;
  }
}
