import { Select, Text, type SelectProps } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";

type Item = { id: string };

export type SearchSelectProps<Found extends Item> = Omit<SelectProps, "data" | "filter" | "searchable" | "value"> & {
  value?: string | null;
  /** What the server finds for the typed text. */
  items: readonly Found[];
  searching: boolean;
  /** Whether the server could not search. */
  failed: boolean;
  onSearch: (text: string) => void;
  /** The item that is chosen when the form opens. */
  initial?: Found | null;
  labelOf: (item: Found) => string;
  /** What tells two items of one name apart, under the label of each option. */
  detailsOf?: (item: Found) => string;
  /** Why an item cannot be chosen; null if it can. */
  reasonAgainst?: (item: Found) => string | null;
  /** Gets the whole item that is chosen, beside onChange, which gets its id. */
  onChoose?: (item: Found | null) => void;
};

/** A select whose options come from a search of the server, because a list of all of them would be too long. */
export function SearchSelect<Found extends Item>(props: SearchSelectProps<Found>) {
  const { items, searching, failed, onSearch, initial, labelOf, detailsOf, reasonAgainst, onChange, onChoose, ...rest } = props;
  const [chosen, setChosen] = useState<Found | null>(initial ?? null);
  const search = useDebouncedCallback(onSearch, 200);
  const options = chosen === null || items.some(({ id }) => id === chosen.id) ? items : [chosen, ...items];
  const itemOf = new Map(options.map((item) => [item.id, item]));
  return (
    <Select
      {...rest}
      searchable
      openOnFocus={false}
      data={options.map((item) => ({
        value: item.id,
        label: labelOf(item),
        disabled: (reasonAgainst?.(item) ?? null) !== null,
      }))}
      filter={({ options: all }) => all}
      // What the field shows of the chosen item is no search.
      onSearchChange={(text) => search(chosen !== null && text === labelOf(chosen) ? "" : text)}
      onChange={(id, option) => {
        const item = id === null ? null : (itemOf.get(id) ?? null);
        setChosen(item);
        onChoose?.(item);
        onChange?.(id, option);
      }}
      // Who types and presses Enter chooses, also while the server still searches. It must not send the form.
      onKeyDown={(event) => {
        if (event.key === "Enter") event.preventDefault();
      }}
      nothingFoundMessage={searching ? "Searching …" : failed ? "The search failed. Type again to repeat it" : "Nothing matches"}
      renderOption={({ option }) => {
        const item = itemOf.get(option.value);
        const details = item && [detailsOf?.(item), reasonAgainst?.(item)].filter(Boolean).join(" · ");
        return (
          <div>
            <Text size="sm">{option.label}</Text>
            {details && (
              <Text size="xs" c="dimmed">
                {details}
              </Text>
            )}
          </div>
        );
      }}
    />
  );
}

/** What a component built on SearchSelect takes from its form. */
export type FieldProps<Found extends Item> = Omit<
  SearchSelectProps<Found>,
  "items" | "searching" | "failed" | "onSearch" | "labelOf" | "detailsOf"
>;
