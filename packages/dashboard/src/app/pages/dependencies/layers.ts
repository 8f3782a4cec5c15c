import type { Graph } from "./graph.js";

/** A place in the picture: its layer from the left, and its place in it from the top. */
export interface Place {
  readonly layer: number;
  readonly row: number;
}

/** How often the layers are put in order again; more changes little. */
const SWEEPS = 4;

/**
 * Returns where the groups of a graph are drawn: each right of all that it needs, and near to them in height, so that
 * few lines cross (the barycentre method of Sugiyama, Tagawa and Toda, 1981).
 */
export function layersOf({ nodes, edges }: Graph): ReadonlyMap<string, Place> {
  const before = neighbours(edges.map(({ from, to }) => [to, from]));
  const after = neighbours(edges.map(({ from, to }) => [from, to]));
  const depths = depthsOf(
    nodes.map(({ groupId }) => groupId),
    before,
  );
  const layers: string[][] = [];
  for (let depth = 0; depth <= Math.max(0, ...depths.values()); depth += 1) layers.push([]);
  for (const { groupId } of nodes) layers[depths.get(groupId)!]!.push(groupId);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isForward = sweep % 2 === 0;
    const rows = rowsOf(layers);
    const order = isForward ? layers.keys() : [...layers.keys()].reverse();
    for (const index of order) {
      const near = isForward ? before : after;
      layers[index] = byBarycentre(layers[index]!, near, rows);
      for (const [row, groupId] of layers[index].entries()) rows.set(groupId, row);
    }
  }
  return new Map(
    layers.flatMap((ids, layer) => ids.map((groupId, row) => [groupId, { layer, row }] as const)),
  );
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

function neighbours(pairs: readonly (readonly [string, string])[]): Neighbours {
  const found = new Map<string, string[]>();
  for (const [of, neighbour] of pairs) found.set(of, [...(found.get(of) ?? []), neighbour]);
  return found;
}

/** Returns the length of the longest chain before each group. A circle, which is never registered, ends it. */
function depthsOf(ids: readonly string[], before: Neighbours): Map<string, number> {
  const depths = new Map<string, number>();
  const open = new Set<string>();
  const depthOf = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    if (open.has(id)) return 0;
    open.add(id);
    const depth = Math.max(-1, ...(before.get(id) ?? []).map(depthOf)) + 1;
    open.delete(id);
    depths.set(id, depth);
    return depth;
  };
  for (const id of ids) depthOf(id);
  return depths;
}

function rowsOf(layers: readonly (readonly string[])[]): Map<string, number> {
  return new Map(layers.flatMap((ids) => ids.map((groupId, row) => [groupId, row] as const)));
}

function byBarycentre(ids: readonly string[], near: Neighbours, rows: ReadonlyMap<string, number>): string[] {
  const centres = new Map(
    ids.map((groupId) => {
      const around = near.get(groupId) ?? [];
      const sum = around.reduce((total, each) => total + (rows.get(each) ?? 0), 0);
      return [groupId, around.length === 0 ? (rows.get(groupId) ?? 0) : sum / around.length] as const;
    }),
  );
  return [...ids].sort((a, b) => centres.get(a)! - centres.get(b)!);
}
