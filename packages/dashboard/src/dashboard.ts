import { fileURLToPath } from "node:url";

/** The files of the dashboard, for the `dashboard` option of a manager. */
export interface DashboardFiles {
  /** The folder with `index.html` and its assets. */
  readonly directory: string;
}

/**
 * Returns the files of the dashboard.
 *
 * ```ts
 * const manager = createManager({ tidegate, dashboard: dashboard() });
 * console.log(`${await manager.listen({ port: 8080 })}/dashboard/`);
 * ```
 */
export function dashboard(): DashboardFiles {
  return { directory: fileURLToPath(new URL("./web", import.meta.url)) };
}
