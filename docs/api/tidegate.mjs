// A plugin for TypeDoc: names each module as it is imported, and warns of types that public names mention without being
// public themselves. TypeDoc's own check takes them for another package's.
import { Application, Converter, makeRecursiveVisitor, ReflectionKind } from "typedoc";

const ENTRY = /^([^/]+)\/dist(?:\/(.+?)(?:\/index)?)?$/;

/** @param {Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
      const [, folder, subpath] = ENTRY.exec(module.name) ?? [];
      if (folder !== undefined) module.name = ["@tidegate", folder, subpath].filter(Boolean).join("/");
    }
  });
  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    const missing = new Map();
    for (const reflection of Object.values(project.reflections)) {
      const visitor = makeRecursiveVisitor({
        reference: ({ reflection: target, package: owner, name }) => {
          if (target === undefined && owner?.startsWith("@tidegate/"))
            missing.set(name, reflection.getFullName());
        },
      });
      const { type, extendedTypes = [], implementedTypes = [] } = reflection;
      for (const each of [type, ...extendedTypes, ...implementedTypes]) each?.visit(visitor);
    }
    for (const [name, where] of missing) app.logger.warn(`${name} is mentioned by ${where} and not public.`);
  });
}
