import "reflect-metadata";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { Tidegate } from "@tidegate/core";
import { createManager, serverOptions } from "@tidegate/manager";
import { AppModule } from "./app.module.js";

const port = Number(process.env.PORT ?? 3_000);

/** On Fastify, Tidegate's REST interface is mounted in the application's own server. */
async function onFastify() {
  const adapter = new FastifyAdapter(serverOptions());
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, adapter, { logger: ["error"] });
  const { plugin } = createManager({ tidegate: app.get(Tidegate), logger: false });
  await app.register(plugin, { prefix: "/tidegate" });
  return app;
}

/** On Express, the application's routes use the client; the REST interface would need a server of its own. */
const onExpress = () => NestFactory.create(AppModule, new ExpressAdapter(), { logger: ["error"] });

const app = await (process.env.ADAPTER === "express" ? onExpress() : onFastify());
app.enableShutdownHooks();
await app.listen(port, "127.0.0.1");
console.log(await app.getUrl());
