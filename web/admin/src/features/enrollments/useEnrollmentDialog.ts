import { getRouteApi, useNavigate } from "@tanstack/react-router";
import type { EnrollmentDialog } from "../groups/search";

const route = getRouteApi("/groups/$groupId");

/** The dialog in the address: which one is open, and for which enrollment. Back closes it. */
export function useEnrollmentDialog() {
  const { dialog, enrollment } = route.useSearch();
  const navigate = useNavigate({ from: "/groups/$groupId" });
  return {
    dialog,
    enrollmentId: enrollment,
    show: (name: EnrollmentDialog, enrollmentId?: string) =>
      void navigate({
        search: (previous) => ({ ...previous, dialog: name, enrollment: enrollmentId }),
        resetScroll: false,
      }),
    close: () =>
      void navigate({
        search: (previous) => ({ ...previous, dialog: undefined, enrollment: undefined }),
        replace: true,
        resetScroll: false,
      }),
  };
}
