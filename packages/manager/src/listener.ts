import { ConfigurationError } from "@tidegate/core";
import type { FastifyInstance } from "fastify";

/** The server of a service, which listens once at a time. */
export class Listener {
  readonly #service: string;
  #server: FastifyInstance | undefined;

  /** @param service - for errors, such as `The manager` */
  constructor(service: string) {
    this.#service = service;
  }

  /**
   * Starts a server. If it cannot be prepared, or cannot listen, it is closed again.
   *
   * @param prepare - registers its routes
   * @returns the address, such as `http://127.0.0.1:8080`
   * @throws ConfigurationError CONFIGURATION_INVALID when the service is listening; the system's error if the
   *   port is taken
   */
  async listen(
    address: { readonly host: string; readonly port: number },
    create: () => FastifyInstance,
    prepare: (server: FastifyInstance) => Promise<void>,
  ): Promise<string> {
    if (this.#server !== undefined) {
      throw new ConfigurationError("CONFIGURATION_INVALID", `${this.#service} listens already.`);
    }
    const server = create();
    this.#server = server;
    try {
      await prepare(server);
      return await server.listen(address);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Accepts no more requests, and resolves when those in progress are answered. */
  async close(): Promise<void> {
    const closing = this.#server;
    this.#server = undefined;
    await closing?.close();
  }
}
