import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance } from "fastify";

type Row = Record<string, unknown> & { code?: number; id?: number };

const TEXT = { type: "string", minLength: 1 } as const;
const NUMBER = { type: "integer" } as const;
const STATE = { enum: ["ONLINE", "OFFLINE"] } as const;
const PAGE = { pageNo: NUMBER, pageSize: NUMBER } as const;

/** What a form or a query has to have. Names of older servers are not among them, and are refused. */
function fields(required: Record<string, object>, optional: Record<string, object> = {}) {
  const properties = { ...required, ...optional };
  return {
    type: "object",
    required: Object.keys(required),
    properties,
    additionalProperties: false,
  } as const;
}

const WORKFLOW = fields({
  name: TEXT,
  description: { type: "string" },
  globalParams: TEXT,
  locations: TEXT,
  timeout: NUMBER,
  // 3.2 and newer have it in the schedule, and overlook it here.
  tenantCode: TEXT,
  taskRelationJson: TEXT,
  taskDefinitionJson: TEXT,
  executionType: { enum: ["PARALLEL", "SERIAL_WAIT", "SERIAL_DISCARD", "SERIAL_PRIORITY"] },
});

const SCHEDULE = fields({
  workflowDefinitionCode: NUMBER,
  schedule: TEXT,
  warningType: { enum: ["NONE", "SUCCESS", "FAILURE", "ALL"] },
  warningGroupId: NUMBER,
  failureStrategy: { enum: ["END", "CONTINUE"] },
  workerGroup: TEXT,
  tenantCode: TEXT,
  environmentCode: NUMBER,
  workflowInstancePriority: { enum: ["HIGHEST", "HIGH", "MEDIUM", "LOW", "LOWEST"] },
});

/**
 * A stand-in for DolphinScheduler 3.3 and newer, of which no server can be had here: it checks paths, fields and types of
 * requests against those of its controllers, and answers as they do. It fires nothing.
 */
export class StandIn {
  readonly token = "a-token";
  /** The paths that were asked for, with their methods. */
  readonly asked: string[] = [];
  /** The ids of instances that run, by their workflow's code. */
  readonly running = new Map<number, number[]>();
  readonly #server: FastifyInstance = Fastify({ ajv: { customOptions: { removeAdditional: false } } });
  readonly #projects: Row[] = [];
  readonly #workflows = new Map<number, Row>();
  readonly #schedules = new Map<number, Row>();
  #last = 0;
  #writesLeft = Number.POSITIVE_INFINITY;
  #refusing: { after: number; times: number } = { after: Number.POSITIVE_INFINITY, times: 0 };

  static async start(): Promise<StandIn> {
    const standIn = new StandIn();
    standIn.#route();
    await standIn.#server.listen({ host: "127.0.0.1", port: 0 });
    return standIn;
  }

  get url(): string {
    const { port } = this.#server.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/dolphinscheduler`;
  }

  /** Lets so many requests through that write, and breaks the connection of those that follow. */
  cutAfter(writes: number): void {
    this.#writesLeft = writes;
  }

  /** Lets so many requests through that write, and answers those that follow with errors inside the server. */
  refuseAfter(writes: number, times: number): void {
    this.#refusing = { after: writes, times };
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  #route(): void {
    const server = this.#server;
    server.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string" },
      (_request, text, done) => done(null, Object.fromEntries(new URLSearchParams(text as string))),
    );
    server.addHook("onRequest", async (request, reply) => {
      this.asked.push(`${request.method} ${request.url.split("?")[0]}`);
      if (request.headers.token !== this.token) return reply.code(401).send();
      if (request.method === "GET") return;
      this.#writesLeft -= 1;
      if (this.#writesLeft < 0) request.raw.destroy();
      if (this.#refusing.after > 0) this.#refusing.after -= 1;
      else if (this.#refusing.times > 0) {
        this.#refusing.times -= 1;
        return reply.send(refusal(10_105, "create process definition error"));
      }
    });
    server.setNotFoundHandler((_request, reply) => reply.code(404).type("text/html").send("<html></html>"));
    server.register(async (app) => this.#projectRoutes(app), { prefix: "/dolphinscheduler/projects" });
    const project = "/dolphinscheduler/projects/:project";
    server.register(async (app) => this.#workflowRoutes(app), { prefix: `${project}/workflow-definition` });
    server.register(async (app) => this.#scheduleRoutes(app), { prefix: `${project}/schedules` });
    server.register(async (app) => this.#otherRoutes(app), { prefix: project });
  }

  #projectRoutes(app: FastifyInstance): void {
    app.get("/", { schema: { querystring: fields(PAGE, { searchVal: TEXT }) } }, async () =>
      page(this.#projects),
    );
    app.post(
      "/",
      { schema: { body: fields({ projectName: TEXT, description: TEXT }) } },
      async ({ body }) => {
        const project = { code: this.#next(), name: (body as Row).projectName };
        this.#projects.push(project);
        return success(project);
      },
    );
  }

  #workflowRoutes(app: FastifyInstance): void {
    const all = () => [...this.#workflows.values()];
    app.get("/", { schema: { querystring: fields(PAGE, { searchVal: TEXT }) } }, async ({ query }) =>
      page(all().filter(({ name }) => String(name).includes(String((query as Row).searchVal ?? "")))),
    );
    app.get("/list", async () => success(all().map(dagOf)));
    app.get("/query-by-name", { schema: { querystring: fields({ name: TEXT }) } }, async ({ query }) => {
      const workflow = all().find(({ name }) => name === (query as Row).name);
      return workflow === undefined
        ? refusal(50_003, "workflow definition does not exist")
        : success(dagOf(workflow));
    });
    app.get("/:code", async ({ params }) => {
      const workflow = this.#workflows.get(codeIn(params));
      return workflow === undefined
        ? refusal(50_003, "workflow definition does not exist")
        : success(dagOf(workflow));
    });
    app.post("/", { schema: { body: WORKFLOW } }, async ({ body }) => {
      const workflow = { ...(body as Row), code: this.#next(), releaseState: "OFFLINE" };
      this.#workflows.set(workflow.code, workflow);
      return success(workflow);
    });
    app.put("/:code", { schema: { body: WORKFLOW } }, async ({ params, body }) => {
      const workflow = this.#workflows.get(codeIn(params))!;
      if (workflow.releaseState === "ONLINE")
        return refusal(50_008, "workflow definition does not allow edit");
      return success(Object.assign(workflow, body));
    });
    app.post(
      "/:code/release",
      { schema: { body: fields({ name: TEXT, releaseState: STATE }) } },
      async ({ params, body }) => {
        const code = codeIn(params);
        const { releaseState } = body as Row;
        Object.assign(this.#workflows.get(code)!, { releaseState });
        const schedules = [...this.#schedules.values()].filter(
          (each) => each.workflowDefinitionCode === code,
        );
        if (releaseState === "OFFLINE") for (const each of schedules) each.releaseState = "OFFLINE";
        return success(true);
      },
    );
    app.delete("/:code", async ({ params }) => {
      const code = codeIn(params);
      if ((this.running.get(code) ?? []).length > 0)
        return refusal(10_163, "there are workflow instances in executing");
      this.#workflows.delete(code);
      for (const [id, each] of this.#schedules)
        if (each.workflowDefinitionCode === code) this.#schedules.delete(id);
      return success(null);
    });
  }

  #scheduleRoutes(app: FastifyInstance): void {
    const all = () => [...this.#schedules.values()];
    const query = fields(PAGE, { workflowDefinitionCode: NUMBER });
    app.get("/", { schema: { querystring: query } }, async () => page(all()));
    app.post("/list", async () => success(all()));
    app.post("/", { schema: { body: SCHEDULE } }, async ({ body }) => {
      const { workflowDefinitionCode, schedule } = body as Row & { workflowDefinitionCode: number };
      if (this.#workflows.get(workflowDefinitionCode)?.releaseState !== "ONLINE")
        return refusal(50_004, "workflow definition not online");
      const timing = JSON.parse(String(schedule));
      const row = { ...timing, id: this.#next(), workflowDefinitionCode, releaseState: "OFFLINE" };
      this.#schedules.set(row.id, row);
      return success(row);
    });
    app.put("/:code", { schema: { body: SCHEDULE } }, async ({ params, body }) => {
      const schedule = this.#schedules.get(codeIn(params))!;
      if (schedule.releaseState === "ONLINE")
        return refusal(10_023, "online status does not allow update operations");
      return success(Object.assign(schedule, JSON.parse(String((body as Row).schedule))));
    });
    for (const state of ["online", "offline"]) {
      app.post(`/:code/${state}`, async ({ params }) => {
        Object.assign(this.#schedules.get(codeIn(params))!, { releaseState: state.toUpperCase() });
        return success(true);
      });
    }
    app.delete("/:code", async ({ params }) => success(this.#schedules.delete(codeIn(params))));
  }

  #otherRoutes(app: FastifyInstance): void {
    app.get(
      "/task-definition/gen-task-codes",
      { schema: { querystring: fields({ genNum: NUMBER }) } },
      async () => success([this.#next()]),
    );
    const listing = fields({ ...PAGE, workflowDefinitionCode: NUMBER, stateType: TEXT });
    app.get("/workflow-instances", { schema: { querystring: listing } }, async ({ query }) => {
      const { workflowDefinitionCode, stateType } = query as {
        workflowDefinitionCode: number;
        stateType: string;
      };
      const ids = stateType === "RUNNING_EXECUTION" ? this.running.get(workflowDefinitionCode) : [];
      return page((ids ?? []).map((id) => ({ id })));
    });
    const execution = fields({ workflowInstanceId: NUMBER, executeType: { enum: ["STOP"] } });
    app.post("/executors/execute", { schema: { body: execution } }, async ({ body }) => {
      const { workflowInstanceId } = body as { workflowInstanceId: number };
      for (const [code, ids] of this.running) {
        this.running.set(
          code,
          ids.filter((id) => id !== workflowInstanceId),
        );
      }
      return success(null);
    });
  }

  #next(): number {
    this.#last += 1;
    return this.#last;
  }
}

function success(data: unknown) {
  return { code: 0, msg: "success", data, failed: false, success: true };
}

function refusal(code: number, msg: string) {
  return { code, msg, data: null, failed: true, success: false };
}

function page(totalList: readonly Row[]) {
  return success({ totalList, total: totalList.length });
}

function dagOf(workflow: Row) {
  const taskDefinitionList = JSON.parse(String(workflow.taskDefinitionJson));
  return { workflowDefinition: workflow, workflowTaskRelationList: [], taskDefinitionList };
}

function codeIn(params: unknown): number {
  return Number((params as { code: string }).code);
}
