import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";

/**
 * Returns what is not accessible on a page, by rule, with where. Pages have no frames, so axe judges in the page itself:
 * otherwise it opens a second page for that, and hands everything over that it has found to be right.
 *
 * @param part - selector of the part that is judged. @default the whole page
 */
export async function violations(page: Page, part?: string): Promise<string[]> {
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).setLegacyMode();
  const found = await (part === undefined ? axe : axe.include(part)).analyze();
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`,
  );
}
