import { Loader, TextInput, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import IconSearch from "@tabler/icons-react/icons/IconSearch";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useQuery } from "urql";
import { problemOf } from "../../api/faults";
import { usePermissions } from "../../permissions/permissions";
import { ProblemState } from "../../ui/states";
import { ResultList } from "./ResultList";
import type { Early } from "./SearchButton";
import { countInWords, Search, sectionsOf, type Target } from "./searchResults";
import { useSearchActions } from "./useSearchActions";

const SHOWN_OF_EACH_KIND = 6;
const SHORTEST_SEARCH = 2;
const PAUSE_MILLISECONDS = 200;

/** Searches groups, patients, staff, screens and actions. The arrow keys choose a result, and Enter opens it. */
export default function SearchPanel({ early, onClose }: { early: Early; onClose: () => void }) {
  const may = usePermissions();
  const open = useOpen(onClose);
  const [typed, setTyped] = useState(early.text);
  const [active, setActive] = useState(0);
  const [entered, setEntered] = useState(early.entered);
  const text = typed.trim();
  const [settled] = useDebouncedValue(text, PAUSE_MILLISECONDS);
  const [seesGroups, seesPatients] = [may("pm.group_definitions.view"), may("pm.group_enrollments.view")];
  const searches = settled.length >= SHORTEST_SEARCH && (seesGroups || seesPatients);
  const [{ data, error, fetching, operation }, retry] = useQuery({
    query: Search,
    variables: { text: settled, first: SHOWN_OF_EACH_KIND, seesGroups, seesPatients },
    pause: !searches,
  });
  const own = useSearchActions(text);
  const sections = searches && data !== undefined ? [...sectionsOf(data), ...own] : own;
  const answered = !fetching && operation?.variables.text === settled;
  const asking = text !== settled || (searches && !answered);
  const results = sections.flatMap((section) => section.results);
  const chosen = results[Math.min(active, results.length - 1)];
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []); // the first time, the dialog opens before this code has loaded

  // Enter counts also for what the server has not found yet: people type a name and Enter without looking.
  const openEntered = useEffectEvent(() => {
    setEntered(false);
    if (chosen !== undefined) open(chosen.target);
  });
  useEffect(() => {
    if (entered && !asking) openEntered();
  }, [entered, asking]);

  function move(to: number): void {
    if (results.length > 0) setActive((to + results.length) % results.length);
  }

  const keys: Record<string, () => void> = {
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(Math.min(active, results.length - 1) - 1),
    Enter: () => setEntered(true),
  };
  return (
    <>
      <TextInput
        ref={input}
        data-autofocus
        aria-label="Search everything"
        description={descriptionFor(seesGroups, seesPatients)}
        role="combobox"
        aria-expanded={results.length > 0}
        aria-controls="search-results"
        aria-activedescendant={chosen === undefined ? undefined : `result-${chosen.id}`}
        aria-autocomplete="list"
        autoComplete="off"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={asking && <Loader size={16} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setActive(0);
          setEntered(false);
        }}
        onKeyDown={(event) => {
          const run = keys[event.key];
          if (run === undefined || event.nativeEvent.isComposing) return;
          event.preventDefault();
          run();
        }}
      />
      <VisuallyHidden role="status">{asking ? "Searching …" : text === "" || error !== undefined ? "" : countInWords(sections)}</VisuallyHidden>
      {error !== undefined && searches && !asking ? (
        <ProblemState {...problemOf(error)} action={{ label: "Try again", run: () => retry({ requestPolicy: "network-only" }) }} />
      ) : (
        <ResultList
          sections={sections}
          chosen={chosen?.id}
          nothing={asking ? "Searching …" : "Nothing matches"}
          onChoose={open}
        />
      )}
    </>
  );
}

function descriptionFor(seesGroups: boolean, seesPatients: boolean): string {
  const kinds = [
    seesGroups && "groups",
    seesPatients && "patients by name, record number or birth date (1987-03-14)",
    seesGroups && "staff",
    "screens and actions",
  ].filter((kind) => kind !== false);
  return `For ${kinds.join(", ")}`;
}

/** Return a function that closes the search and goes where a result leads. */
function useOpen(onClose: () => void): (target: Target) => void {
  const may = usePermissions();
  const navigate = useNavigate();
  return (target) => {
    onClose();
    switch (target.kind) {
      case "group":
        return void navigate({ to: "/groups/$groupId", params: { groupId: target.groupId } });
      case "patient":
        return void navigate({ to: ".", search: (previous) => ({ ...previous, patient: target.key }), resetScroll: false });
      case "staff":
        return may("pm.group_schedule.view")
          ? void navigate({ to: "/week", search: { only: target.staffId } })
          : void navigate({ to: "/groups", search: { facilitator: target.staffId } });
      case "action":
        return target.run();
    }
  };
}
