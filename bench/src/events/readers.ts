// Readers of streams, which note when they hear of a group first; started by the benchmark of events, in a process of its own.
import { get } from "node:http";

const [url = "", count = ""] = process.argv.slice(2);
/** When each stream heard of a group, epoch ms. */
const heardAt = new Map<string, number[]>();
let opened = 0;

for (let n = 0; n < Number(count); n += 1) {
  get(`${url}/events?kind=schedule`, { agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => {
      const now = performance.timeOrigin + performance.now();
      text += piece;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events) {
        if (event.includes("event: reset")) opened += 1;
        for (const [, group] of event.matchAll(/"groupId":"([^"]+)"/g)) {
          const times = heardAt.get(group!) ?? [];
          times.push(now);
          heardAt.set(group!, times);
        }
      }
      if (opened === Number(count)) {
        opened = 0;
        process.send!({ isOpen: true });
      }
    });
  });
}
process.on("message", () => process.send!({ heardAt: Object.fromEntries(heardAt) }));
process.once("disconnect", () => process.exit());
