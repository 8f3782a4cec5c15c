import { EngineError } from "@tidegate/core";
import type { EngineSettings } from "../options.js";
import { WORKFLOW_GONE } from "./codes.js";
import type { DolphinRest } from "./dolphin-rest.js";
import { type Generation, PROCESS, WORKFLOW } from "./generation.js";
import { pages } from "./pages.js";

/** The project of the workflows. */
export interface Project {
  /** `/projects/` and its code. */
  readonly path: string;
  readonly generation: Generation;
}

/** Opens the project, creating it if missing, and determines the generation of its server. */
export async function openProject(rest: DolphinRest, settings: EngineSettings): Promise<Project> {
  const code = (await codeOf(rest, settings.project)) ?? (await create(rest, settings.project));
  const path = `/projects/${code}`;
  return { path, generation: await generationOf(rest, path) };
}

async function codeOf(rest: DolphinRest, name: string): Promise<number | undefined> {
  const projects = pages<{ readonly code: number; readonly name: string }>(rest, "/projects", {
    // The search matches parts of names.
    searchVal: name,
  });
  for await (const project of projects) if (project.name === name) return project.code;
  return undefined;
}

/** A refusal is no failure if another manager created it at the same moment. */
async function create(rest: DolphinRest, projectName: string): Promise<number> {
  const project = { projectName, description: "Schedules of Tidegate." };
  const refusal = await rest.request("POST", "/projects", project).then(
    () => undefined,
    (error: unknown) => error,
  );
  const code = await codeOf(rest, projectName);
  if (code !== undefined) return code;
  const message = `The token's user may not see the project ${projectName}, which is new.`;
  throw refusal ?? new EngineError("ENGINE_FAILED", message, { field: "token" });
}

/** Asks with a cheap request that is answered whatever the project contains. */
async function generationOf(rest: DolphinRest, path: string): Promise<Generation> {
  const question = (generation: Generation) =>
    [
      "GET",
      `${path}/${generation.definitions}/query-by-name`,
      { name: "tidegate" },
      [WORKFLOW_GONE],
    ] as const;
  if (await rest.takes(...question(WORKFLOW))) return WORKFLOW;
  await rest.request(...question(PROCESS));
  return PROCESS;
}
