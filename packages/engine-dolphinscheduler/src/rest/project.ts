import { EngineError } from "@tidegate/core";
import type { EngineSettings } from "../options.js";
import type { DolphinRest } from "./dolphin-rest.js";
import { type Generation, PROCESS, WORKFLOW } from "./generation.js";
import { pages } from "./pages.js";

/** The project in which the workflows are. */
export interface Project {
  /** `/projects/` and its code. */
  readonly path: string;
  readonly generation: Generation;
}

/** DolphinScheduler's codes for a name that is taken, which is so where two managers begin at the same moment. */
const PROJECT_ALREADY_EXISTS = 10_019;

/** The project, which is made where there is none, and the generation of its server. */
export async function openProject(rest: DolphinRest, settings: EngineSettings): Promise<Project> {
  const code = (await codeOf(rest, settings.project)) ?? (await create(rest, settings.project));
  const path = `/projects/${code}`;
  return { path, generation: await generationOf(rest, path) };
}

async function codeOf(rest: DolphinRest, name: string): Promise<number | undefined> {
  const projects = pages<{ readonly code: number; readonly name: string }>(rest, "/projects", {
    searchVal: name,
  });
  for await (const project of projects) if (project.name === name) return project.code;
  return undefined;
}

async function create(rest: DolphinRest, projectName: string): Promise<number> {
  const project = { projectName, description: "Schedules of Tidegate." };
  const { data } = await rest.request<{ readonly code: number } | null>("POST", "/projects", project, [
    PROJECT_ALREADY_EXISTS,
  ]);
  const code = data?.code ?? (await codeOf(rest, projectName));
  if (code !== undefined) return code;
  const message = `DolphinScheduler has a project ${projectName} that the token's user may not see.`;
  throw new EngineError("ENGINE_FAILED", message, { field: "project" });
}

async function generationOf(rest: DolphinRest, path: string): Promise<Generation> {
  const page = { pageNo: 1, pageSize: 1 };
  for (const generation of [WORKFLOW, PROCESS]) {
    if (await rest.has(`${path}/${generation.definitions}`, page)) return generation;
  }
  throw new EngineError("ENGINE_FAILED", "This DolphinScheduler is older than 3.1.", { field: "url" });
}
