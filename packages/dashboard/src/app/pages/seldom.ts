/** Pages that are opened now and then. In one file they share what compression finds in them. */
export { AuditPage } from "./audit/audit-page.js";
export { DependenciesPage } from "./dependencies/dependencies-page.js";
export { HelpPage } from "./help/help-page.js";
export { SystemPage } from "./system/system-page.js";
