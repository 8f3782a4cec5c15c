import type { Schedule } from "@tidegate/core";

type Tree = NonNullable<Schedule["spec"]["dependsOn"]>;
type Dependency = Extract<Tree, { readonly groupId: string }>;

/** A group in the picture of dependencies. */
export interface GraphNode {
  readonly groupId: string;
  /** `undefined` if it is not registered. */
  readonly schedule: Schedule | undefined;
}

/** A dependency: `to` needs what `from` covers. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Distinct: a group may need another twice. */
  readonly key: string;
  readonly dependency: Dependency;
}

/** Groups and what they need of each other. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Most groups that are drawn at once. */
export const MOST_NODES = 500;

/** Returns the dependencies of a tree, in the order in which they are written. */
export function leavesOf(tree: Tree): readonly Dependency[] {
  if ("all" in tree) return tree.all.flatMap(leavesOf);
  return "any" in tree ? tree.any.flatMap(leavesOf) : [tree];
}

/** Returns the groups that depend on others or are depended on. A group's dependency on itself is not drawn. */
export function graphOf(schedules: readonly Schedule[]): Graph {
  const edges = schedules.flatMap(({ spec: { groupId, dependsOn } }) =>
    (dependsOn == null ? [] : leavesOf(dependsOn))
      .filter((dependency) => dependency.groupId !== groupId)
      .map((dependency, index) => ({
        from: dependency.groupId,
        to: groupId,
        key: `${groupId} ${index}`,
        dependency,
      })),
  );
  const known = new Map(schedules.map((schedule) => [schedule.spec.groupId, schedule]));
  const ids = [...new Set(edges.flatMap(({ from, to }) => [from, to]))].sort();
  return { nodes: ids.map((groupId) => ({ groupId, schedule: known.get(groupId) })), edges };
}

/** Returns the part of a graph that lies within some steps of a group, either way. */
export function around(graph: Graph, groupId: string, hops: number): Graph {
  const kept = new Set([groupId]);
  for (let hop = 0; hop < hops; hop += 1) {
    const reached = graph.edges.filter(({ from, to }) => kept.has(from) || kept.has(to));
    for (const { from, to } of reached) kept.add(from).add(to);
  }
  return {
    nodes: graph.nodes.filter((node) => kept.has(node.groupId)),
    edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
  };
}

/** Returns the time that a dependency asks for, in words. */
export function windowText({ window = {}, atLeast }: Dependency): string {
  const { from, to, align } = window;
  const base = align === undefined ? "its own interval" : `its interval in whole ${align}s`;
  const shifts = [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
  ].join(" ");
  const share =
    atLeast === undefined || atLeast === "100%"
      ? ""
      : typeof atLeast === "string"
        ? `, at least ${atLeast}`
        : `, all but ${atLeast.missing}`;
  return `${base}${shifts === "" ? "" : `, ${shifts}`}${share}`;
}
