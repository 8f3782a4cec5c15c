import type { FastifyRequest, RouteOptions } from "fastify";
import { HttpError } from "./http-error.js";

/** The methods of each path, by which a wrong method is distinguished from a wrong path. */
export class KnownPaths {
  readonly #methods = new Map<string, Set<string>>();

  /** Records a route; called for each one that is registered. */
  readonly note = ({ url, method }: RouteOptions): void => {
    const methods = this.#methods.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each.toUpperCase());
    this.#methods.set(url, methods);
  };

  /** Handles requests that match no route. @throws HttpError NOT_FOUND, METHOD_NOT_ALLOWED */
  readonly refuse = ({ url }: FastifyRequest): never => {
    const methods = this.#methodsOf(url.replace(/[?#].*$/s, ""));
    if (methods.length === 0) throw new HttpError(404, "NOT_FOUND", "There is nothing here.");
    const allow = methods.join(", ");
    throw new HttpError(405, "METHOD_NOT_ALLOWED", `This path takes ${allow}.`, { headers: { allow } });
  };

  #methodsOf(path: string): string[] {
    const found = [...this.#methods].filter(([route]) => isPathOf(route, path));
    return [...new Set(found.flatMap(([, methods]) => [...methods]))].sort();
  }
}

function isPathOf(route: string, path: string): boolean {
  const wanted = route.split("/");
  const parts = path.split("/");
  if (wanted.length !== parts.length) return false;
  return wanted.every((part, index) => (part.startsWith(":") ? parts[index] !== "" : part === parts[index]));
}
