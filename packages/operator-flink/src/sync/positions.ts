import type { OffsetSource } from "@tidegate/core/offset";
import { quotedName } from "../sql/literal.js";
import type { PositionConnector, Problem } from "./connector.js";

const ISOLATION = "properties.isolation.level";
const GROUP = "properties.group.id";

/** How Kafka's consumers call the isolations of the provider `kafka`. */
const LEVELS = { committed: "read_committed", uncommitted: "read_uncommitted" } as const;

/**
 * Both bounds name every partition that the run has. For one that was added after the plan the connector takes the same
 * offset as its start and its end, after it has looked for one that the group has committed. It is done with a partition when its position is at the end, whether or not there is a
 * record before it: a marker of a transaction or a record that compaction removed does not hold it up.
 */
const kafka: PositionConnector = ({ options = {} }, planned) => {
  // Flink's own default would read what transactions have rolled back.
  const { topic, [ISOLATION]: isolation = LEVELS.committed, [GROUP]: group = "tidegate" } = options;
  const problem = planned && otherTopic({ topic, isolation }, planned);
  return (
    problem ?? {
      options: {
        "scan.startup.mode": "specific-offsets",
        "scan.startup.specific-offsets": "{{lower.kafkaOffsets}}",
        "scan.bounded.mode": "specific-offsets",
        "scan.bounded.specific-offsets": "{{upper.kafkaOffsets}}",
        [ISOLATION]: isolation,
        // Without one the connector fails if there is such a partition. Nothing is committed to it.
        [GROUP]: group,
      },
    }
  );
};

function otherTopic(
  own: { readonly topic: string | undefined; readonly isolation: string },
  { type, topic, isolation = "committed" }: OffsetSource,
): Problem | undefined {
  if (type !== "kafka") return foreign(type, "kafka");
  if (own.topic !== topic) return other("options.topic", own.topic, "source.topic", topic);
  const level = isolation === "uncommitted" ? LEVELS.uncommitted : LEVELS.committed;
  if (own.isolation === level) return undefined;
  const problem = `must be ${level}, since the positions are those of source.isolation ${JSON.stringify(isolation)}`;
  return { field: `options.${ISOLATION}`, problem };
}

/** The predicate is passed to the database. */
const jdbc: PositionConnector = ({ cursorColumn, timeColumn, options = {} }, planned) => {
  if (cursorColumn === undefined) {
    const problem = "is needed to read positions: the column that the schedule's source names";
    return { field: "cursorColumn", problem };
  }
  if (timeColumn !== undefined)
    return { field: "timeColumn", problem: "must be left out, since positions choose the rows" };
  // The connector computes parts with numbers of 64 bits, which overflow from the least key on.
  if (options["scan.partition.column"] !== undefined)
    return {
      field: "options.scan.partition.column",
      problem:
        "must be left out with positions, whose first range has no beginning; the schedule's limit cuts runs",
    };
  const problem = planned && otherTable({ table: options["table-name"], cursorColumn }, planned);
  const column = quotedName(cursorColumn);
  return problem ?? { predicate: `${column} >= {{lower.offset}} AND ${column} < {{upper.offset}}` };
};

function otherTable(
  own: { readonly table: string | undefined; readonly cursorColumn: string },
  { type, table, column }: OffsetSource,
): Problem | undefined {
  if (table === undefined || column === undefined) return foreign(type, "postgres");
  if (own.table !== table) return other("options.table-name", own.table, "source.table", table);
  return own.cursorColumn === column
    ? undefined
    : other("cursorColumn", own.cursorColumn, "source.column", column);
}

/** The built-in sources that can be read by positions. */
export const POSITIONS: Readonly<Record<string, PositionConnector>> = { jdbc, kafka };

function foreign(type: string, readable: string): Problem {
  const problem = `reads positions of sources of type ${readable}, but the schedule's is of type ${JSON.stringify(type)}`;
  return { field: "connector", problem };
}

function other(field: string, own: unknown, planned: string, value: unknown): Problem {
  const is = own === undefined ? "must be given" : `is ${JSON.stringify(own)}`;
  return { field, problem: `${is}, but the positions are those of ${planned} ${JSON.stringify(value)}` };
}
