import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { compileTrigger } from "@tidegate/core/trigger";
import { CronExpressionParser } from "cron-parser";
import { Cron } from "croner";
import { atMost, type Figure, rounded } from "./figure.js";
import { assemble, noopOperator } from "./setup.js";

const EXPRESSION = "*/5 * * * *";
const ZONE = "America/New_York";
const FROM = Date.UTC(2026, 0, 1);
const TO = Date.UTC(2036, 0, 1);
const SAMPLE = 20_000;
const DAY_MS = 86_400_000;

/** All occurrences of a cron over ten years, the zone's table included. */
export async function preview(): Promise<Figure[]> {
  const began = performance.now();
  const trigger = compileTrigger({ type: "cron", expression: EXPRESSION }, ZONE);
  let count = 0;
  for (let time = trigger.next(FROM - 1); time !== undefined && time < TO; time = trigger.next(time))
    count += 1;
  const seconds = (performance.now() - began) / 1_000;
  const parser = (cronParserSeconds() / SAMPLE) * count;
  const croner = (cronerSeconds() / SAMPLE) * count;
  return [
    atMost(0.25, {
      id: "preview",
      what: `all ${count} occurrences of ${EXPRESSION} in ${ZONE} over ten years`,
      value: rounded(seconds),
      unit: "s",
      reference: {
        what: `cron-parser, by ${SAMPLE} of them (s); croner: ${rounded(croner)}`,
        value: rounded(parser),
      },
    }),
  ];
}

/** A year of a schedule of minutes on the virtual clock, fire to success, with its ledger and its audit. */
export async function simulation(): Promise<Figure[]> {
  const clock = new VirtualClock({ start: FROM, turns: 1 });
  const operator = noopOperator();
  const tidegate = assemble(new MemoryStore(), operator, clock);
  await tidegate.start();
  await tidegate.client.register({
    groupId: "minutely",
    trigger: { type: "cron", expression: "* * * * *" },
    timezone: ZONE,
  });
  const began = performance.now();
  await clock.advance(365 * DAY_MS);
  const audit = await tidegate.client.audit("minutely");
  const seconds = (performance.now() - began) / 1_000;
  if (!audit.isComplete || operator.count !== 525_600)
    throw new Error("the simulation's ledger is not complete");
  await tidegate.stop();
  return [
    atMost(10, {
      id: "simulation",
      what: "a year of a minutely schedule on the virtual clock, 525,600 runs with ledger and audit",
      value: rounded(seconds),
      unit: "s",
      reference: {
        what: `croner, the next times alone, by ${SAMPLE} of them (s)`,
        value: rounded((cronerSeconds() / SAMPLE) * 525_600),
      },
    }),
  ];
}

function cronParserSeconds(): number {
  const expression = CronExpressionParser.parse(EXPRESSION, { tz: ZONE, currentDate: new Date(FROM) });
  const began = performance.now();
  for (let index = 0; index < SAMPLE; index += 1) expression.next();
  return (performance.now() - began) / 1_000;
}

function cronerSeconds(): number {
  const cron = new Cron(EXPRESSION, { timezone: ZONE, paused: true });
  const began = performance.now();
  let time: Date | null = new Date(FROM);
  for (let index = 0; index < SAMPLE && time !== null; index += 1) time = cron.nextRun(time);
  return (performance.now() - began) / 1_000;
}
