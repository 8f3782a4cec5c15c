import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { TcpProxy } from "@tidegate/test-servers";
import type { Cluster } from "../distributed/cluster.js";
import { endProcess, type Scene } from "../scene.js";

/** A manager's place in a fleet: its own ways to the servers, and whoever is the manager there now. */
export interface Post {
  readonly redis: TcpProxy;
  readonly postgres: TcpProxy;
  manager: ChildProcess;
}

/** Managers of one scene, each of which can be cut off by itself. */
export class Fleet {
  readonly cluster: Cluster;
  readonly posts: readonly Post[];
  readonly #scene: Scene;

  private constructor(cluster: Cluster, scene: Scene, posts: readonly Post[]) {
    this.cluster = cluster;
    this.#scene = scene;
    this.posts = posts;
  }

  /** Resolves when all managers have registered their schedules. */
  static async start(cluster: Cluster, scene: Scene, size: number): Promise<Fleet> {
    const posts: Post[] = [];
    for (let number = 0; number < size; number += 1) {
      const redis = await TcpProxy.start(cluster.redis.port);
      const postgres = await TcpProxy.start(cluster.postgres.port);
      const manager = scene.startManager({ parts: cluster.through(redis, postgres) });
      posts.push({ redis, postgres, manager });
    }
    await Promise.all(posts.map(({ manager }) => untilReady(manager)));
    return new Fleet(cluster, scene, posts);
  }

  /** Kills managers as a power cut does, and puts others in their places. */
  async replace(posts: readonly Post[]): Promise<void> {
    await Promise.all(posts.map(({ manager }) => endProcess(manager)));
    for (const post of posts)
      post.manager = this.#scene.startManager({ parts: this.cluster.through(post.redis, post.postgres) });
  }

  /** Has all schedules end, and waits until each manager has seen all of them through. */
  async finish(): Promise<void> {
    for (const { manager } of this.posts) manager.send({ finish: { grainMs: 1_000, aheadMs: 1_000 } });
    await Promise.all(this.posts.map(({ manager }) => this.#scene.untilDone(manager)));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.posts.map(({ manager }) => endProcess(manager)));
    await Promise.all(this.posts.flatMap(({ redis, postgres }) => [redis.dispose(), postgres.dispose()]));
  }
}

async function untilReady(manager: ChildProcess): Promise<void> {
  const [message] = await once(manager, "message");
  if (message !== "ready") throw new Error(`A manager says ${String(message)}.`);
}
