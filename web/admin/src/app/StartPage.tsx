import { Navigate } from "@tanstack/react-router";
import { usePermissions } from "../permissions/permissions";
import { screensFor } from "./navigation";

/** Opens the first screen that the person may see. */
export function StartPage() {
  const [first] = screensFor(usePermissions());
  return <Navigate to={first?.to ?? "/groups"} replace />;
}
