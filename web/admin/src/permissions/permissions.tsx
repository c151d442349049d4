import { createContext, use, useMemo, type ReactNode } from "react";

export type Area = "definitions" | "schedule" | "enrollments";
type Verb = "view" | "create" | "edit" | "delete";
export type PermissionKey = `pm.group_${Area}.${Verb}`;

const Permissions = createContext<ReadonlySet<string>>(new Set());

export function PermissionsProvider({ keys, children }: { keys: readonly string[]; children: ReactNode }) {
  const held = useMemo(() => new Set(keys), [keys]);
  return <Permissions value={held}>{children}</Permissions>;
}

/** Return a function that says whether the signed-in person holds a key. */
export function usePermissions(): (key: PermissionKey) => boolean {
  const keys = use(Permissions);
  return (key) => keys.has(key);
}

/** Shows its children only to people who hold the key. What a person may not do is not offered. */
export function Allowed({ to, children, otherwise = null }: { to: PermissionKey; children: ReactNode; otherwise?: ReactNode }) {
  const may = usePermissions();
  return may(to) ? children : otherwise;
}
