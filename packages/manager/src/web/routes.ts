import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { INDEX, readWebFiles, type WebFile } from "./web-files.js";

/** The files of a dashboard, as `@tidegate/dashboard` has them. */
export interface WebPages {
  /** The folder with `index.html`; all other files are below `assets/`, with a hash in their names. */
  readonly directory: string;
}

/** Nothing of another site, no script or style in the page itself, and no frame around it. */
const POLICY =
  "default-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

const HEADERS = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const MARK = "<head>";

/**
 * Returns the routes of the dashboard, below `/dashboard/`. Every address below it that is no file answers with
 * the page, which shows what the address names.
 *
 * @param isWhole - the server has no other routes, so its root leads to the dashboard
 * @throws ConfigurationError CONFIGURATION_INVALID if the folder has no page
 */
export function webRoutes({ directory }: WebPages, isWhole: boolean): FastifyPluginAsync {
  const files = readWebFiles(directory);
  const page = files.get(INDEX)!.body.toString();
  return async (app) => {
    if (isWhole) app.get("/", (_, reply) => reply.redirect("dashboard/"));
    app.get("/dashboard", (_, reply) => reply.redirect("dashboard/"));
    app.get("/dashboard/*", async (request: FastifyRequest<{ Params: { "*": string } }>, reply) => {
      const path = request.params["*"];
      const file = files.get(path);
      reply.headers(HEADERS);
      if (file !== undefined && path !== INDEX) return sendFile(request, reply, file);
      if (path.startsWith("assets/")) return reply.callNotFound();
      return reply
        .header("cache-control", "no-store")
        .type("text/html; charset=utf-8")
        .send(
          page.replace(
            MARK,
            `${MARK}<base href="${upwards(request.url.slice(`${app.prefix}/dashboard/`.length))}">`,
          ),
        );
    });
  };
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body, zipped }: WebFile,
): FastifyReply {
  const isZipped = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  reply.header("cache-control", "public, max-age=31536000, immutable").header("vary", "accept-encoding");
  if (isZipped) reply.header("content-encoding", "gzip");
  return reply.type(type).send(isZipped ? zipped : body);
}

/**
 * Returns the address of `/dashboard/` relative to an address below it: a proxy may have removed a prefix that the
 * manager does not know.
 *
 * @param below - the address's part after `/dashboard/`
 */
function upwards(below: string): string {
  return "../".repeat(below.replace(/[?#].*$/s, "").split("/").length - 1) || "./";
}
