import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { groupSearch, groupsSearch } from "../features/groups/search";
import { closuresSearch } from "../features/closures/search";
import { patientDrawerSearch, patientSearch } from "../features/patients/search";
import { basePath } from "./address";
import { NotFoundPage, UnexpectedErrorPage } from "./fallbackPages";
import { formatSearch, parseSearch } from "./search";
import { Shell } from "./Shell";

// One route for each screen, loaded when it is opened. The first segment of each path is also in SCREENS of
// server/routes/admin.py, so that the server answers the page there.

const rootRoute = createRootRoute({ validateSearch: patientDrawerSearch, component: Shell });

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/groups", replace: true });
  },
});

const groupsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/groups",
  validateSearch: groupsSearch,
  component: lazyRouteComponent(() => import("../features/groups/GroupsPage"), "GroupsPage"),
});

const groupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/groups/$groupId",
  validateSearch: groupSearch,
  component: lazyRouteComponent(() => import("../features/groups/GroupPage"), "GroupPage"),
});

const newGroupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/groups/new",
  component: lazyRouteComponent(() => import("../features/groups/form/NewGroupPage"), "NewGroupPage"),
});

const editGroupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/groups/$groupId/edit",
  component: lazyRouteComponent(() => import("../features/groups/form/EditGroupPage"), "EditGroupPage"),
});

const patientRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/patients/$patientKey",
  validateSearch: patientSearch,
  component: lazyRouteComponent(() => import("../features/patients/PatientPage"), "PatientPage"),
});

const closuresRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/closures",
  validateSearch: closuresSearch,
  component: lazyRouteComponent(() => import("../features/closures/ClosuresPage"), "ClosuresPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([startRoute, groupsRoute, groupRoute, newGroupRoute, editGroupRoute, patientRoute, closuresRoute]),
  basepath: basePath,
  parseSearch,
  stringifySearch: formatSearch,
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFoundPage,
  defaultErrorComponent: UnexpectedErrorPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
