import type { Tidegate } from "@tidegate/core";
import { createManager } from "@tidegate/manager";
import { freePort } from "@tidegate/test-servers";
import Fastify from "fastify";
import { SECRET } from "./airflow.js";

/** The real callback door: a manager's, on a port that stays the same over the restarts of a test. */
export class ManagerDoor {
  /** How many answers are still to be lost on their way. */
  answersToLose = 0;
  readonly #port: number;

  private constructor(port: number) {
    this.#port = port;
  }

  static async reserve(): Promise<ManagerDoor> {
    return new ManagerDoor(await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/engines/airflow/callbacks`;
  }

  /** Opens the door of a Tidegate, and returns what closes it when all callbacks that came are answered. */
  async serve(tidegate: Tidegate): Promise<() => Promise<void>> {
    const server = Fastify({ routerOptions: { maxParamLength: 256 } });
    server.addHook("onSend", async (request) => {
      if (this.answersToLose === 0) return;
      this.answersToLose -= 1;
      request.raw.socket.destroy();
    });
    await server.register(createManager({ tidegate, callbacks: { airflow: { secret: SECRET } } }).plugin);
    await server.listen({ port: this.#port });
    return () => server.close();
  }
}
