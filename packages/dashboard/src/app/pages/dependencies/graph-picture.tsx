import { Icon, type IconName } from "../../parts/icon.js";
import styles from "./dependencies.module.css";
import { type Graph, type GraphNode, windowText } from "./graph.js";
import { layersOf, type Place } from "./layers.js";

const NODE = { width: 190, height: 34 };
const STEP = { x: 270, y: 48 };
const MARGIN = 12;

interface GraphPictureProps {
  readonly graph: Graph;
  readonly selected: string | undefined;
  readonly onSelect: (groupId: string) => void;
}

/** Groups from left to right, each right of all that it needs. */
export function GraphPicture({ graph, selected, onSelect }: GraphPictureProps) {
  const places = layersOf(graph);
  const all = [...places.values()];
  const width = (Math.max(0, ...all.map(({ layer }) => layer)) + 1) * STEP.x - (STEP.x - NODE.width);
  const height = (Math.max(0, ...all.map(({ row }) => row)) + 1) * STEP.y;
  const waiting = new Set(graph.nodes.filter(isWaiting).map(({ groupId }) => groupId));
  return (
    <section className={styles.frame} tabIndex={0} aria-label="Picture of the dependencies">
      <div className={styles.picture} style={{ width: width + 2 * MARGIN, height: height + 2 * MARGIN }}>
        <svg width={width + 2 * MARGIN} height={height + 2 * MARGIN} aria-hidden="true" focusable="false">
          {graph.edges.map(({ key, from, to, dependency }) => {
            const isSelected = selected === from || selected === to;
            const look = `${styles.edge} ${isSelected ? styles.selectedEdge : ""} ${waiting.has(to) ? styles.waitingEdge : ""}`;
            return (
              <path key={key} className={look} d={curve(places.get(from)!, places.get(to)!)}>
                <title>{`${to} needs ${from}: ${windowText(dependency)}`}</title>
              </path>
            );
          })}
        </svg>
        <ul className={styles.nodes}>
          {graph.nodes.map((node) => {
            const { layer, row } = places.get(node.groupId)!;
            const { icon, look, text } = lookOf(node);
            return (
              <li key={node.groupId} style={{ left: MARGIN + layer * STEP.x, top: MARGIN + row * STEP.y }}>
                <button
                  type="button"
                  className={`${styles.node} ${styles[look]}`}
                  style={{ width: NODE.width, height: NODE.height }}
                  aria-pressed={node.groupId === selected}
                  title={`${node.groupId}: ${text}`}
                  onClick={() => onSelect(node.groupId)}
                >
                  <Icon name={icon} size={13} />
                  <bdi>{node.groupId}</bdi>
                  <span className={styles.hidden}>, {text}</span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </section>
  );
}

function isWaiting({ schedule }: GraphNode): boolean {
  return schedule !== undefined && schedule.gatedRuns > 0;
}

function lookOf({ schedule }: GraphNode): {
  readonly icon: IconName;
  readonly look: string;
  readonly text: string;
} {
  if (schedule === undefined) return { icon: "dash", look: "absent", text: "not registered" };
  if (schedule.status === "SOURCE") return { icon: "dots", look: "source", text: "source" };
  if (schedule.blockingRuns > 0) return { icon: "alert", look: "blocked", text: "blocked" };
  if (schedule.status === "PAUSED") return { icon: "pause", look: "waiting", text: "paused" };
  if (schedule.gatedRuns > 0)
    return { icon: "clock", look: "waiting", text: `${schedule.gatedRuns} runs wait` };
  return { icon: "check", look: "live", text: "nothing waits" };
}

function curve(from: Place, to: Place): string {
  const x1 = MARGIN + from.layer * STEP.x + NODE.width;
  const y1 = MARGIN + from.row * STEP.y + NODE.height / 2;
  const x2 = MARGIN + to.layer * STEP.x;
  const y2 = MARGIN + to.row * STEP.y + NODE.height / 2;
  const bend = Math.max(30, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
