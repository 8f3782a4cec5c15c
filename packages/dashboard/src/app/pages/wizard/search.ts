import { STEPS, type Step } from "./definition.js";

/** The step of the wizard, in the page's address. */
export interface WizardSearch {
  readonly step?: Step | undefined;
}

export function wizardSearch({ step }: Record<string, unknown>): WizardSearch {
  return { step: STEPS.find((each) => each === step) };
}
