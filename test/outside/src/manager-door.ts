import type { Tidegate } from "@tidegate/core";
import { createManager } from "@tidegate/manager";
import { freePort } from "@tidegate/test-servers";
import Fastify from "fastify";
import { SECRET } from "./secret.js";

/** The real callback door: a manager's, on a port that stays the same over the restarts of a test. */
export class ManagerDoor {
  /** How many answers are still to be lost on their way. */
  answersToLose = 0;
  readonly #engineType: string;
  readonly #port: number;

  private constructor(engineType: string, port: number) {
    this.#engineType = engineType;
    this.#port = port;
  }

  static async reserve(engineType: string): Promise<ManagerDoor> {
    return new ManagerDoor(engineType, await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/engines/${this.#engineType}/callbacks`;
  }

  /** Opens the door of a Tidegate, and returns what closes it when all callbacks that came are answered. */
  async serve(tidegate: Tidegate): Promise<() => Promise<void>> {
    const server = Fastify({ routerOptions: { maxParamLength: 256 } });
    server.addHook("onSend", async (request) => {
      if (this.answersToLose === 0) return;
      this.answersToLose -= 1;
      request.raw.socket.destroy();
    });
    const callbacks = { [this.#engineType]: { secret: SECRET } };
    await server.register(createManager({ tidegate, callbacks }).plugin);
    await server.listen({ port: this.#port });
    return () => server.close();
  }
}
