import { validatorCompiler } from "@fastify/type-provider-zod";
import { TOKENS } from "@tidegate/core";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { checkVersion } from "./api-version.js";
import { callerOf } from "./callback/caller.js";
import { type CallbackRoutesParts, callbackRoutes } from "./callback/routes.js";
import { answerError } from "./errors/answer-error.js";
import { KnownPaths } from "./errors/not-found.js";
import { logEvents } from "./event-log.js";
import { createGuard } from "./guard/guard.js";
import { logSerializers } from "./logging.js";
import { documentRoutes, openapiRoute } from "./openapi.js";
import type { ManagerOptions } from "./options.js";
import { authorization } from "./rest/authorize.js";
import { Cursors } from "./rest/cursors.js";
import { deadlineRoutes } from "./rest/deadlines.js";
import { eventRoutes } from "./rest/events.js";
import { healthRoute } from "./rest/health.js";
import { lateDataRoutes } from "./rest/late-data.js";
import { ledgerRoutes } from "./rest/ledger.js";
import { poolRoutes } from "./rest/pools.js";
import { restatementRoutes } from "./rest/restatements.js";
import { admitForce } from "./rest/roles.js";
import { runRoutes } from "./rest/runs.js";
import { scheduleRoutes } from "./rest/schedules.js";
import { sourceRoutes } from "./rest/sources.js";
import { systemRoute } from "./rest/system.js";
import { webRoutes } from "./web/routes.js";

/**
 * Returns the plugin with every route of the manager.
 *
 * @param isWhole - the server has no other routes, so the manager answers for unknown paths even without a
 * prefix
 */
export function managerPlugin(options: ManagerOptions, isWhole = false): FastifyPluginAsync {
  const { tidegate, callbacks = {}, authorize, dashboard, toleranceMs = 300_000 } = options;
  const callers = new Map(
    Object.entries(callbacks).map(([engine, credentials]) => [
      engine.toLowerCase(),
      callerOf(engine, credentials, toleranceMs),
    ]),
  );
  const guard = createGuard(options);
  const token = typeof authorize === "object" ? authorize.token : undefined;
  const cursors = new Cursors(options.cursorSecret ?? token);
  const pages = dashboard === undefined ? undefined : webRoutes(dashboard, isWhole);
  return async (app) => {
    const paths = new KnownPaths();
    app.addHook("onRoute", paths.note);
    app.setValidatorCompiler(validatorCompiler);
    // Answers are already typed against their schemas.
    app.setSerializerCompiler(() => (data) => JSON.stringify(data));
    app.setErrorHandler(answerError);
    if (isWhole || app.prefix !== "") app.setNotFoundHandler(paths.refuse);
    const stopLogging = logEvents(tidegate.events, app.log);
    app.addHook("onClose", async () => stopLogging());
    app.addHook("onRequest", checkVersion);
    app.addHook("onRequest", guard.checkSite);
    // Must come before the body is read, which could be refused for a path that accepts none anyway.
    app.addHook("onRequest", async (request) => {
      if (request.is404) paths.refuse(request);
    });
    if (pages !== undefined) {
      // Before the routes that are documented. A browser sends no bearer token when it opens a page: the files,
      // which hold no data, are open then, and the page asks for the token.
      await app.register(async (web) => {
        web.addHook("onRequest", guard.checkHost);
        if (typeof authorize === "function") web.addHook("onRequest", authorization(authorize));
        await web.register(pages);
      });
    }
    await documentRoutes(app, token !== undefined);
    await app.register(healthRoute);
    await app.register(async (inner) => {
      inner.addHook("onRequest", guard.checkHost);
      await inner.register(openapiRoute);
      await inner.register(async (rest) => {
        if (authorize !== undefined) {
          rest.addHook("onRequest", authorization(authorize));
          rest.addHook("preHandler", admitForce);
        }
        const { client, container } = tidegate;
        await rest.register(scheduleRoutes(client, container.get(TOKENS.store), cursors));
        await rest.register(ledgerRoutes(client));
        await rest.register(deadlineRoutes(client, cursors));
        await rest.register(lateDataRoutes(client, cursors));
        await rest.register(runRoutes(client, cursors));
        await rest.register(poolRoutes(client));
        await rest.register(sourceRoutes(client));
        await rest.register(restatementRoutes(client));
        await rest.register(systemRoute(container));
        await rest.register(eventRoutes(tidegate.changes, container.get(TOKENS.clock)));
      });
    });
    if (callers.size > 0) {
      // Fastify's type requires strings, but serializers may return objects as well.
      const serializers = logSerializers as unknown as Record<string, (value: unknown) => string>;
      await app.register(receiver(app, options, callers, paths.refuse), { logSerializers: serializers });
    }
  };
}

function receiver(
  app: FastifyInstance,
  { tidegate, publicUrl, maxCallbackBytes = 65_536 }: ManagerOptions,
  callers: CallbackRoutesParts["callers"],
  refuseUnknown: CallbackRoutesParts["refuseUnknown"],
): FastifyPluginAsync {
  const clock = tidegate.container.get(TOKENS.clock);
  return callbackRoutes({
    callers,
    intake: tidegate.intake,
    now: () => clock.now(),
    maxBytes: maxCallbackBytes,
    baseUrl: (publicUrl ?? app.prefix).replace(/\/+$/, ""),
    refuseUnknown,
  });
}
