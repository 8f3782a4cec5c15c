import type { Schedule } from "@tidegate/core";
import { type Command, Option } from "commander";
import type { Api, Reader } from "../api/api.js";
import type { Effect } from "../dry-run/effect.js";
import { writing } from "../dry-run/writing.js";
import { CommandError, EXIT_CODES } from "../exit-code.js";
import type { Definition } from "../input/definitions.js";
import type { Difference } from "../input/differences.js";
import { pagesOf } from "../input/pages.js";
import type { Printer } from "../output/printer.js";
import { action, type GlobalOptions, printerOf } from "../session.js";

/** The effect, or possible effect, of applying a definition. */
interface Change {
  readonly groupId: string;
  readonly action: "create" | "update" | "none";
  readonly version: number | null;
  readonly differences: readonly Difference[];
}

/** A change that is only shown. */
type ChangeEffect = Change & Effect;

/** A definition, the group's schedule if it has one, and the change between them. */
interface Compared {
  readonly definition: Definition;
  readonly change: Change;
  readonly current: Schedule | undefined;
}

const ALL_AT_ONCE = 8;

/** Adds the commands of definitions in files: `apply`, `diff` and `export`. */
export function addDefinitions(program: Command): void {
  writing<[paths: string[], options: ApplyOptions], ChangeEffect>(
    program
      .command("apply")
      .alias("import")
      .description(
        "make schedules what files of YAML or JSON say; nothing is changed unless all of them are valid",
      )
      .argument("<path...>", "files and folders; - is the standard input")
      .addOption(
        new Option("--planned-runs <which>", "whether waiting runs keep their version or adopt the new one")
          .choices(["keep", "adopt"])
          .default("keep"),
      ),
    {
      foresee: async (api, paths) => (await compared(api, paths)).map(({ change }) => effectOf(change)),
      print: printChanges,
      act: async ({ api, printer, noteWaiting }, paths, options) => {
        const changes = await compared(api, paths);
        const done: Change[] = [];
        try {
          for (const { definition, change, current } of changes) {
            done.push(await applied(api, definition, change, current, options, printer));
          }
        } catch (error) {
          if (done.length > 0)
            printer.note(`Applied so far: ${done.map(({ groupId }) => groupId).join(", ")}.`);
          throw error;
        }
        await printChanges(printer, done, true);
        noteWaiting();
      },
    },
  );

  program
    .command("diff")
    .description("show what apply would change; exit code 6 if anything")
    .argument("<path...>", "files and folders; - is the standard input")
    .action(
      action(async ({ api, printer }, paths: string[]) => {
        const changes = (await compared(api, paths)).map(({ change }) => change);
        const differing = changes.filter((change) => change.action !== "none");
        await printChanges(printer, differing);
        if (differing.length > 0) process.exitCode = EXIT_CODES.negative;
      }),
    );

  program
    .command("export")
    .description(
      "print the definitions of groups, or of all, as apply reads them: YAML unless -o says otherwise",
    )
    .argument("[group...]", "ids of groups")
    .action(
      action(async ({ api }, groups: string[], _: object) => {
        const options = program.opts<GlobalOptions>();
        const printer = printerOf(options.output === "table" ? {} : options, "yaml");
        const found =
          groups.length > 0
            ? await Promise.all(groups.map((group) => api.get(group)))
            : await pagesOf({ limit: 0, all: true }, printer, (page) => api.list({}, page));
        const specs = found.filter(({ status }) => status !== "SOURCE").map(({ spec }) => spec);
        if (options.json === true || (options.output !== undefined && !/yaml|table/.test(options.output))) {
          return printer.list(specs, []);
        }
        const { yamlText } = await import("../output/yaml-text.js");
        printer.text(specs.map((spec) => yamlText(spec).trimEnd()).join("\n---\n"));
      }),
    );
}

interface ApplyOptions {
  readonly plannedRuns: "keep" | "adopt";
}

/**
 * Reads all definitions, has the manager check them, and compares them with what is there. Returns each after those
 * that it depends on.
 *
 * @throws CommandError that names every problem with its file, line and field
 */
async function compared(api: Reader, paths: readonly string[]): Promise<readonly Compared[]> {
  const { readDefinitions, problemOf } = await import("../input/definitions.js");
  const { differencesOf } = await import("../input/differences.js");
  const { upstreamsFirst } = await import("../input/upstreams-first.js");
  const { sourceGroup } = await import("@tidegate/core");
  const definitions = await readDefinitions(paths);
  const problems: string[] = [];
  const compare = async (definition: Definition): Promise<Compared[]> => {
    const { info } = definition;
    try {
      const current = await existing(api, info.groupId);
      // Others report what a source group covers; no file makes a schedule of it.
      if (current?.status === "SOURCE") throw sourceGroup(info.groupId);
      const startTime = info.startTime ?? current?.spec.startTime;
      await api.preview(startTime === undefined ? info : { ...info, startTime }, 1);
      const isNew = current === undefined || current.status === "DELETED";
      const differences = isNew ? [] : differencesOf(current, info);
      const change: Change = {
        groupId: info.groupId,
        action: isNew ? "create" : differences.length > 0 ? "update" : "none",
        version: current?.version ?? null,
        differences,
      };
      return [{ definition, change, current: isNew ? undefined : current }];
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (typeof code !== "string" || !/_(INVALID|UNKNOWN|EXHAUSTED|CYCLE|ALLOWED|ILLEGAL)$/.test(code))
        throw error;
      problems.push(problemOf(definition, error));
      return [];
    }
  };
  const changes: Compared[] = [];
  for (let index = 0; index < definitions.length; index += ALL_AT_ONCE) {
    const batch = definitions.slice(index, index + ALL_AT_ONCE);
    changes.push(...(await Promise.all(batch.map(compare))).flat());
  }
  const sorted = upstreamsFirst(changes, ({ definition }) => definition.info);
  if (problems.length === 0) {
    for (const [index, error] of (await refusalsInOrder(api, sorted)).entries())
      if (error !== undefined) problems.push(problemOf(sorted[index]!.definition, error));
  }
  if (problems.length > 0) throw new CommandError(problems.join("\n"));
  return sorted;
}

/** Returns the error of each definition that would be refused because a group that it depends on does not exist by then. */
async function refusalsInOrder(
  api: Reader,
  changes: readonly Compared[],
): Promise<readonly (Error | undefined)[]> {
  const { refusalsOfUnknown, requiredUpstreamsOf } = await import("@tidegate/core/schema");
  const getSchedules = (ids: readonly string[]): Promise<(Schedule | undefined)[]> =>
    Promise.all(ids.map((id) => existing(api, id)));
  const applied = new Set<string>();
  const refusals = [];
  for (const { definition, current } of changes) {
    // Dependencies that this schedule has already may stay as they are; no other may have them for that.
    const kept = current === undefined ? [] : requiredUpstreamsOf(current.spec);
    const known = new Set([...applied, ...kept]);
    const [refusal] = await refusalsOfUnknown({ getSchedules }, [definition.info], known);
    refusals.push(refusal);
    if (refusal === undefined) applied.add(definition.info.groupId);
  }
  return refusals;
}

async function existing(api: Reader, groupId: string): Promise<Schedule | undefined> {
  try {
    return await api.get(groupId);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "SCHEDULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Registers or updates, unless somebody else has done so since it was compared. */
async function applied(
  api: Api,
  { info }: Definition,
  change: Change,
  current: Schedule | undefined,
  { plannedRuns }: ApplyOptions,
  printer: Printer,
): Promise<Change> {
  if (change.action === "none") return change;
  const { schedule, notes } =
    current === undefined
      ? await api.register(info)
      : await api.update(info, { version: current.version, plannedRuns });
  for (const note of notes) printer.note(`${change.groupId}: ${note}`);
  return { ...change, version: schedule.version };
}

function effectOf(change: Change): ChangeEffect {
  const { groupId, action, version } = change;
  const next = (version ?? 0) + (action === "none" ? 0 : 1);
  return {
    ...change,
    summary: `${groupId} ${PLANNED[action]}.`,
    before: action === "create" ? null : { version },
    after: { version: next },
    notes: [],
  };
}

const DONE = { create: "created", update: "updated", none: "unchanged" } as const;
const PLANNED = { create: "would be created", update: "would be updated", none: "is unchanged" } as const;

async function printChanges(printer: Printer, changes: readonly Change[], isDone = false): Promise<void> {
  if (!printer.isForPeople) return printer.list(changes, []);
  for (const { groupId, action, differences } of changes) {
    const lines = differences.map(
      ({ field, before, after }) => `  ${field}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`,
    );
    const outcome = isDone ? DONE[action] : PLANNED[action];
    await printer.result(undefined, [`${groupId} ${outcome}`, ...(isDone ? [] : lines)].join("\n"));
  }
}
