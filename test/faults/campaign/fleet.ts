import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { type PostgresServer, type RedisServer, TcpProxy } from "@tidegate/test-servers";
import type { Cluster } from "../distributed/cluster.js";
import { endProcess } from "../scene.js";
import type { Post, Victims } from "./victims.js";

/** The part of a scene that starts managers, and knows when they are done. */
export interface Crew {
  /** A manager in a process of its own, which says "ready". @param options - of its parts, in the place of the deployment's */
  startManager(options: { readonly parts: object }): ChildProcess;
  /** Waits until a manager has ended by itself. */
  untilDone(manager: ChildProcess): Promise<void>;
}

/** Managers of one scene, each of which can be cut off by itself. */
export class Fleet implements Victims {
  readonly #cluster: Cluster;
  readonly posts: readonly Post[];
  readonly #crew: Crew;

  private constructor(cluster: Cluster, crew: Crew, posts: readonly Post[]) {
    this.#cluster = cluster;
    this.#crew = crew;
    this.posts = posts;
  }

  get redis(): RedisServer {
    return this.#cluster.redis;
  }

  get postgres(): PostgresServer {
    return this.#cluster.postgres;
  }

  /** Resolves when all managers have registered their schedules. */
  static async start(cluster: Cluster, crew: Crew, size: number): Promise<Fleet> {
    const posts: Post[] = [];
    for (let number = 0; number < size; number += 1) {
      const redis = await TcpProxy.start(cluster.redis.port);
      const postgres = await TcpProxy.start(cluster.postgres.port);
      const manager = crew.startManager({ parts: cluster.through(redis, postgres) });
      posts.push({ redis, postgres, manager });
    }
    await Promise.all(posts.map(({ manager }) => untilReady(manager)));
    return new Fleet(cluster, crew, posts);
  }

  async replace(posts: readonly Post[]): Promise<void> {
    await Promise.all(posts.map(({ manager }) => endProcess(manager)));
    for (const post of posts)
      post.manager = this.#crew.startManager({ parts: this.#cluster.through(post.redis, post.postgres) });
  }

  /** Has all schedules end, and waits until each manager has seen all of them through. */
  async finish(): Promise<void> {
    for (const { manager } of this.posts) manager.send({ finish: { grainMs: 1_000, aheadMs: 1_000 } });
    await Promise.all(this.posts.map(({ manager }) => this.#crew.untilDone(manager)));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.posts.map(({ manager }) => endProcess(manager)));
    await Promise.all(this.posts.flatMap(({ redis, postgres }) => [redis.dispose(), postgres.dispose()]));
  }
}

async function untilReady(manager: ChildProcess): Promise<void> {
  const ended = once(manager, "exit").then(() => ["nothing, and has ended"]);
  const [message] = await Promise.race([once(manager, "message"), ended]);
  if (message !== "ready") throw new Error(`A manager says ${String(message)}.`);
}
