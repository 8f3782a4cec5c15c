// Readers of streams, which note when they hear of an event; started by the benchmark of events, in a process of its own.
import { get } from "node:http";

/** An event, and when each stream heard it. */
export interface HeardEvent {
  readonly groupIds: readonly string[];
  /** Epoch ms. */
  readonly times: number[];
}

const [url = "", count = ""] = process.argv.slice(2);
/** By the line with its id. An event is the same for all streams: it is read once, so that its readers take no time from the manager. */
const heard = new Map<string, HeardEvent>();
let opened = 0;

function hear(event: string): void {
  if (event.includes("event: reset")) {
    opened += 1;
    if (opened === Number(count)) process.send!({ isOpen: true });
    return;
  }
  const now = performance.timeOrigin + performance.now();
  const id = event.slice(0, event.indexOf("\n"));
  const known = heard.get(id);
  if (known !== undefined) {
    known.times.push(now);
    return;
  }
  const groupIds = [...event.matchAll(/"groupId":"([^"]+)"/g)].map(([, groupId]) => groupId!);
  heard.set(id, { groupIds, times: [now] });
}

for (let n = 0; n < Number(count); n += 1) {
  get(`${url}/events?kind=schedule`, { agent: false }, (response) => {
    let text = "";
    response.setEncoding("latin1").on("data", (piece: string) => {
      text += piece;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) hear(event);
    });
  });
}
process.on("message", () => process.send!({ heard: [...heard.values()] }));
process.once("disconnect", () => process.exit());
