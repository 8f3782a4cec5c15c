import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { dashboardUrl } from "./api/connection.js";
import { GroupPage, groupSearch } from "./pages/group/group-page.js";
import { GroupsPage, groupsSearch } from "./pages/groups/groups-page.js";
import { OverviewPage } from "./pages/overview/overview-page.js";
import { RunPage } from "./pages/run/run-page.js";
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

/** The pages by their addresses. */
export const router = createRouter({
  routeTree: root.addChildren([overview, groups, group, run]),
  basepath: dashboardUrl.pathname,
  defaultErrorComponent: PageError,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
