import { useSyncExternalStore } from "react";
import { currentToken, manager } from "../api/connection.js";
import { queryClient } from "../api/query-client.js";
import type { FromWorker, ToWorker } from "./messages.js";
import { Refresher } from "./refresh.js";
import { followChanges } from "./stream.js";

const refresher = new Refresher(queryClient);
const watchers = new Set<() => void>();
let isConnected = true;
let leave = () => {};

/** Follows the manager's changes, with the token that there is now: what is shown is read again when it changes. */
export function goLive(): void {
  leave();
  leave = typeof SharedWorker === "undefined" ? followAlone() : followTogether();
}

/** Returns whether changes arrive. */
export function useIsLive(): boolean {
  return useSyncExternalStore(watch, () => isConnected);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function hear(message: FromWorker): void {
  if (message.kind === "news") {
    refresher.note(message.news);
    return;
  }
  isConnected = message.isOpen;
  for (const watcher of watchers) watcher();
}

function followTogether(): () => void {
  const worker = new SharedWorker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "tidegate",
  });
  const tell = (message: ToWorker) => worker.port.postMessage(message);
  const join = () => tell({ kind: "join", url: manager.url, token: currentToken() });
  const part = () => tell({ kind: "leave" });
  worker.port.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  join();
  // A page that the browser has put aside, to go back to it, hears nothing.
  const onShow = ({ persisted }: PageTransitionEvent) => persisted && join();
  addEventListener("pagehide", part);
  addEventListener("pageshow", onShow);
  return () => {
    removeEventListener("pagehide", part);
    removeEventListener("pageshow", onShow);
    part();
    worker.port.close();
  };
}

function followAlone(): () => void {
  const end = new AbortController();
  void followChanges(manager.url, currentToken(), end.signal, hear);
  return () => end.abort();
}
