import { brief, type History } from "./history.js";

/** A history as a test that can be pasted into `lawful.test.ts`. */
export function asTest(name: string, history: History): string {
  const { policies, jobs, steps } = brief(history);
  const lines = [
    ...(policies === undefined ? [] : [`policies: ${literal(policies)},`]),
    ...(jobs === undefined ? [] : [`jobs: ${literal(jobs)},`]),
    "steps: [",
    ...steps.map((step) => `  ${literal(step)},`),
    "],",
  ];
  return [
    `it(${JSON.stringify(name)}, () =>`,
    "  lawful({",
    ...lines.map((line) => `    ${line}`),
    "  }));",
  ].join("\n");
}

function literal(value: unknown): string {
  return JSON.stringify(value)
    .replace(/"([A-Za-z]+)":/g, " $1: ")
    .replace(/,(?=[ {"])/g, ", ")
    .replace(/ {2,}/g, " ")
    .replace(/}/g, " }");
}
