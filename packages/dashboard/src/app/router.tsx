import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { dashboardUrl } from "./api/connection.js";
import { auditSearch } from "./pages/audit/search.js";
import { dependenciesSearch } from "./pages/dependencies/search.js";
import { GroupPage, groupSearch } from "./pages/group/group-page.js";
import { GroupsPage, groupsSearch } from "./pages/groups/groups-page.js";
import { OverviewPage } from "./pages/overview/overview-page.js";
import { RunPage } from "./pages/run/run-page.js";
import { wizardSearch } from "./pages/wizard/search.js";
import { NotFound, PageError } from "./shell/page-error.js";
import { Shell } from "./shell/shell.js";

const root = createRootRoute({
  component: Shell,
  errorComponent: PageError,
  notFoundComponent: NotFound,
});

const overview = createRoute({ getParentRoute: () => root, path: "/", component: OverviewPage });

const groups = createRoute({
  getParentRoute: () => root,
  path: "/groups",
  component: GroupsPage,
  validateSearch: groupsSearch,
});

const group = createRoute({
  getParentRoute: () => root,
  path: "/groups/$groupId",
  component: GroupPage,
  validateSearch: groupSearch,
});

const run = createRoute({ getParentRoute: () => root, path: "/runs/$runId", component: RunPage });

// Pages that are opened now and then come later, so that the first view does not wait for them.
const wizard = createRoute({
  getParentRoute: () => root,
  path: "/new",
  component: lazyRouteComponent(() => import("./pages/wizard/wizard-page.js"), "WizardPage"),
  validateSearch: wizardSearch,
});

const dependencies = createRoute({
  getParentRoute: () => root,
  path: "/dependencies",
  component: lazyRouteComponent(() => import("./pages/seldom.js"), "DependenciesPage"),
  validateSearch: dependenciesSearch,
});

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("./pages/seldom.js"), "AuditPage"),
  validateSearch: auditSearch,
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  component: lazyRouteComponent(() => import("./pages/seldom.js"), "SystemPage"),
});

const help = createRoute({
  getParentRoute: () => root,
  path: "/help",
  component: lazyRouteComponent(() => import("./pages/seldom.js"), "HelpPage"),
});

/** The pages by their addresses. */
export const router = createRouter({
  routeTree: root.addChildren([overview, groups, group, run, wizard, dependencies, audit, system, help]),
  basepath: dashboardUrl.pathname,
  defaultErrorComponent: PageError,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
