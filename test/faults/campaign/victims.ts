import type { ChildProcess } from "node:child_process";
import type { PostgresServer, RedisServer, TcpProxy } from "@tidegate/test-servers";

/** A manager's place in a fleet: its own ways to the servers, and whoever is the manager there now. */
export interface Post {
  readonly redis: TcpProxy;
  readonly postgres: TcpProxy;
  manager: ChildProcess;
}

/** Managers and servers that faults happen to. */
export interface Victims {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly posts: readonly Post[];
  /** Kills managers as a power cut does, and puts others in their places. */
  replace(posts: readonly Post[]): Promise<void>;
}
