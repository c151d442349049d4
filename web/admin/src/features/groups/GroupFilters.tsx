import { Checkbox, CloseButton, Group, MultiSelect, TextInput } from "@mantine/core";
import IconSearch from "@tabler/icons-react/icons/IconSearch";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import { useTypedText } from "../../ui/useTypedText";
import { StaffSelect } from "../staff/StaffSelect";
import type { GroupsSearch } from "./search";
import { CAPACITY_STATUSES, GROUP_TYPES, optionsOf } from "./words";

const route = getRouteApi("/groups");

/** The search and the filters of the list. The URL holds them, so that a filtered list can be shared and left by Back. */
export function GroupFilters() {
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/groups" });
  const narrow = (change: Partial<GroupsSearch>) =>
    void navigate({ search: (previous) => ({ ...previous, ...change, pages: undefined }), replace: true });
  const [text, setText] = useTypedText(search.search ?? "", (typed) => narrow({ search: typed || undefined }));
  return (
    <Group component="search" align="flex-end" mb="md" gap="sm">
      <TextInput
        label="Search"
        placeholder="Words of the name"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={text !== "" && <CloseButton size="sm" aria-label="Clear the search" onClick={() => setText("")} />}
        flex="2 1 240px"
      />
      <MultiSelect
        label="Type"
        placeholder={search.type === undefined ? "All types" : undefined}
        data={optionsOf(GROUP_TYPES)}
        value={search.type ?? []}
        onChange={(type) => narrow({ type: type })}
        clearable
        clearButtonProps={{ "aria-label": "Clear the types" }}
        flex="1 1 140px"
        miw={0}
      />
      <MultiSelect
        label="Seats"
        placeholder={search.seats === undefined ? "Any" : undefined}
        data={optionsOf(CAPACITY_STATUSES)}
        value={search.seats ?? []}
        onChange={(seats) => narrow({ seats })}
        clearable
        clearButtonProps={{ "aria-label": "Clear the seats" }}
        flex="1 1 140px"
        miw={0}
      />
      <FacilitatorFilter id={search.facilitator} onChange={(facilitator) => narrow({ facilitator })} />
      <Checkbox
        label="Show deleted"
        checked={search.deleted ?? false}
        onChange={(event) => narrow({ deleted: event.currentTarget.checked || undefined })}
        pb={8}
      />
    </Group>
  );
}

const Facilitator = graphql(`
  query Facilitator($id: ID!) {
    node(id: $id) {
      ... on StaffMember {
        id
        displayName
        credentials
        active
      }
    }
  }
`);

/** A filter by facilitator or co-facilitator. The address has only an id, so the name is queried when the page opens. */
function FacilitatorFilter({ id, onChange }: { id: string | undefined; onChange: (id: string | undefined) => void }) {
  const [opened] = useState(id);
  const [{ data, fetching }] = useQuery({ query: Facilitator, variables: { id: opened ?? "" }, pause: opened === undefined });
  const member = data?.node;
  return (
    <StaffSelect
      key={fetching ? "asking" : "known"}
      label="Facilitator"
      withInactive
      placeholder="Anyone"
      initial={isStaff(member) ? member : null}
      value={id ?? null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      clearable
      clearButtonProps={{ "aria-label": "Clear the facilitator" }}
      flex="1 1 180px"
      miw={0}
    />
  );
}

/** Whether the record of an id is a member of staff. The address may have the id of anything. */
function isStaff<Record extends object>(record: Record | null | undefined): record is Extract<Record, { displayName: string }> {
  return record != null && "displayName" in record;
}
