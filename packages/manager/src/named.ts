/** The property in which Fastify keeps the name of a plugin. */
const DISPLAY_NAME = Symbol.for("fastify.display-name");

/**
 * Gives a plugin the name that Fastify's errors and its list of plugins show. For one without, Fastify compares every
 * module that is loaded, twice per registration.
 */
export function named<Plugin extends object>(name: string, plugin: Plugin): Plugin {
  return Object.assign(plugin, { [DISPLAY_NAME]: name });
}
