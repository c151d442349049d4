import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { complianceSearch } from "../features/compliance/search";
import { groupSearch, groupsSearch } from "../features/groups/search";
import { closuresSearch } from "../features/closures/search";
import { patientDrawerSearch, patientSearch } from "../features/patients/search";
import { sessionSearch } from "../features/sessions/search";
import { sheetSearch } from "../features/print/search";
import { todaySearch } from "../features/today/search";
import { weekSearch } from "../features/week/search";
import { basePath } from "./address";
import { NotFoundPage, UnexpectedErrorPage } from "./fallbackPages";
import { formatSearch, parseSearch } from "./search";
import { Shell } from "./Shell";
import { StartPage } from "./StartPage";

// One route for each screen, loaded when it is opened. The first segment of each path is also in SCREENS of
// server/routes/admin.py, so that the server answers the page there.

const rootRoute = createRootRoute({
  validateSearch: (search: Record<string, unknown>) => ({ ...patientDrawerSearch(search), ...sessionSearch(search) }),
  component: Shell,
});

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: StartPage,
});

const todayRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/today",
  validateSearch: todaySearch,
  component: lazyRouteComponent(() => import("../features/today/TodayPage"), "TodayPage"),
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

const weekRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/week",
  validateSearch: weekSearch,
  component: lazyRouteComponent(() => import("../features/week/WeekPage"), "WeekPage"),
});

const signInSheetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sessions/$sessionId/sign-in-sheet",
  validateSearch: sheetSearch,
  component: lazyRouteComponent(() => import("../features/print/SignInSheetPage"), "SignInSheetPage"),
});

const complianceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/compliance",
  validateSearch: complianceSearch,
  component: lazyRouteComponent(() => import("../features/compliance/CompliancePage"), "CompliancePage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    startRoute,
    todayRoute,
    groupsRoute,
    groupRoute,
    newGroupRoute,
    editGroupRoute,
    signInSheetRoute,
    weekRoute,
    patientRoute,
    closuresRoute,
    complianceRoute,
  ]),
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
