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
import { checkNesting } from "./guard/nesting.js";
import { logSerializers } from "./logging.js";
import { named } from "./named.js";
import { documentRoutes, openapiRoute } from "./openapi.js";
import type { ManagerOptions } from "./options.js";
import { authorization } from "./rest/authorize.js";
import { Cursors } from "./rest/cursors.js";
import { deadlineRoutes } from "./rest/deadlines.js";
import { eventRoutes } from "./rest/events.js";
import { healthRoute } from "./rest/health.js";
import { lagRoutes } from "./rest/lags.js";
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
  return named("tidegate", async (app: FastifyInstance) => {
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
    app.addHook("preValidation", checkNesting);
    if (pages !== undefined) {
      // Before the routes that are documented. A browser sends no bearer token when it opens a page: the files,
      // which hold no data, are open then, and the page asks for the token.
      await app.register(
        named("tidegate-web", async (web: FastifyInstance) => {
          web.addHook("onRequest", guard.checkHost);
          if (typeof authorize === "function") web.addHook("onRequest", authorization(authorize));
          await web.register(named("tidegate-dashboard", pages));
        }),
      );
    }
    await documentRoutes(app, token !== undefined);
    await app.register(named("tidegate-health", healthRoute));
    await app.register(
      named("tidegate-documented", async (inner: FastifyInstance) => {
        inner.addHook("onRequest", guard.checkHost);
        await inner.register(named("tidegate-openapi", openapiRoute));
        await inner.register(
          named("tidegate-rest", async (rest: FastifyInstance) => {
            if (authorize !== undefined) {
              rest.addHook("onRequest", authorization(authorize));
              rest.addHook("preHandler", admitForce);
            }
            const { client, container } = tidegate;
            const routes = {
              schedules: scheduleRoutes(client, container.get(TOKENS.store), cursors),
              ledger: ledgerRoutes(client),
              deadlines: deadlineRoutes(client, cursors),
              lags: lagRoutes(client),
              "late-data": lateDataRoutes(client, cursors),
              runs: runRoutes(client, cursors),
              pools: poolRoutes(client),
              sources: sourceRoutes(client),
              restatements: restatementRoutes(client),
              system: systemRoute(container),
              events: eventRoutes(tidegate.changes, container.get(TOKENS.clock)),
            };
            for (const [name, plugin] of Object.entries(routes))
              await rest.register(named(`tidegate-${name}`, plugin));
          }),
        );
      }),
    );
    if (callers.size > 0) {
      // Fastify's type requires strings, but serializers may return objects as well.
      const serializers = logSerializers as unknown as Record<string, (value: unknown) => string>;
      await app.register(receiver(app, options, callers, paths.refuse), { logSerializers: serializers });
    }
  });
}

function receiver(
  app: FastifyInstance,
  { tidegate, publicUrl, maxCallbackBytes = 65_536 }: ManagerOptions,
  callers: CallbackRoutesParts["callers"],
  refuseUnknown: CallbackRoutesParts["refuseUnknown"],
): FastifyPluginAsync {
  const clock = tidegate.container.get(TOKENS.clock);
  const routes = callbackRoutes({
    callers,
    intake: tidegate.intake,
    now: () => clock.now(),
    maxBytes: maxCallbackBytes,
    baseUrl: (publicUrl ?? app.prefix).replace(/\/+$/, ""),
    refuseUnknown,
  });
  return named("tidegate-callbacks", routes);
}
