// Gives each module the name under which it is imported.
import { Converter, ReflectionKind } from "typedoc";

const ENTRY = /([^/]+)\/dist\/(?:index|(.+?)(?:\/index)?)$/;

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const [, folder, subpath] = ENTRY.exec(module.name) ?? [];
      if (folder !== undefined) module.name = ["@tidegate", folder, subpath].filter(Boolean).join("/");
    }
  });
}
