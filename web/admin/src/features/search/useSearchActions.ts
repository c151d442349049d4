import { useNavigate } from "@tanstack/react-router";
import IconCalendarOff from "@tabler/icons-react/icons/IconCalendarOff";
import IconPlus from "@tabler/icons-react/icons/IconPlus";
import { screensFor } from "../../app/navigation";
import { usePermissions } from "../../permissions/permissions";
import type { ResultSection, Result } from "./searchResults";

/** Return the screens and the actions whose names contain each word of the text, as far as they are permitted. */
export function useSearchActions(text: string): ResultSection[] {
  const may = usePermissions();
  const navigate = useNavigate();
  const actions: (Result | false)[] = [
    may("pm.group_definitions.view") &&
      may("pm.group_definitions.create") && {
        id: "new-group",
        label: "New group",
        details: "",
        icon: IconPlus,
        target: { kind: "action", run: () => void navigate({ to: "/groups/new" }) },
      },
    may("pm.group_schedule.view") &&
      may("pm.group_schedule.create") && {
        id: "add-closure",
        label: "Add a closure",
        details: "",
        icon: IconCalendarOff,
        target: { kind: "action", run: () => void navigate({ to: "/closures", search: { dialog: "add" } }) },
      },
  ];
  const screens = screensFor(may).map(
    ({ to, label, icon }): Result => ({
      id: to,
      label,
      details: "",
      icon,
      target: { kind: "action", run: () => void navigate({ to }) },
    }),
  );
  return [
    { title: "Screens", results: screens.filter(matches(text)) },
    { title: "Actions", results: actions.filter((action) => action !== false).filter(matches(text)) },
  ].filter(({ results }) => results.length > 0);
}

function matches(text: string): (result: Result) => boolean {
  const words = text.toLowerCase().split(/\s+/);
  return ({ label }) => words.every((word) => label.toLowerCase().includes(word));
}
