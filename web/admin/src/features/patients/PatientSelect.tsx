import { Select, Text, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import type { PatientSearchQuery } from "../../api/generated/graphql";
import { formatDate } from "../../ui/times";

const PatientSearch = graphql(`
  query PatientSearch($search: String) {
    patients(search: $search, first: 20) {
      nodes {
        id
        displayName
        medicalRecordNumber
        birthDate
        active
      }
    }
  }
`);

export type PatientOption = NonNullable<PatientSearchQuery["patients"]>["nodes"][number];

type Props = Omit<SelectProps, "data" | "filter" | "searchable"> & {
  /** Why a patient cannot be chosen; null if they can. */
  reasonAgainst: (patient: PatientOption) => string | null;
};

/** Chooses one of all patients of the clinic, by a search of the server. */
export function PatientSelect({ reasonAgainst, ...props }: Props) {
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 200);
  const [chosen, setChosen] = useState<PatientOption | null>(null);
  // What the field shows of the chosen patient is no search.
  const isSearch = chosen === null || search !== labelOf(chosen);
  const [{ data, fetching }] = useQuery({ query: PatientSearch, variables: { search: isSearch ? search : null } });
  const found = data?.patients?.nodes ?? [];
  const patients = chosen === null || found.some(({ id }) => id === chosen.id) ? found : [chosen, ...found];
  const patientOf = new Map(patients.map((patient) => [patient.id, patient]));
  return (
    <Select
      {...props}
      searchable
      openOnFocus={false}
      clearable
      clearButtonProps={{ "aria-label": "Clear the patient" }}
      data={patients.map((patient) => ({
        value: patient.id,
        label: labelOf(patient),
        disabled: reasonAgainst(patient) !== null,
      }))}
      filter={({ options }) => options}
      onSearchChange={setTyped}
      onChange={(id, option) => {
        setChosen(id === null ? null : (patientOf.get(id) ?? null));
        props.onChange?.(id, option);
      }}
      nothingFoundMessage={fetching ? "Searching …" : "No patient matches"}
      renderOption={({ option }) => <Option patient={patientOf.get(option.value)} reasonAgainst={reasonAgainst} />}
    />
  );
}

function Option({ patient, reasonAgainst }: { patient: PatientOption | undefined; reasonAgainst: Props["reasonAgainst"] }) {
  if (patient === undefined) return null;
  const facts = [
    patient.medicalRecordNumber,
    patient.birthDate === null ? null : `born ${formatDate(patient.birthDate)}`,
    reasonAgainst(patient),
  ];
  return (
    <div>
      <Text size="sm" fw={600}>
        {patient.displayName}
      </Text>
      <Text size="xs" c="dimmed">
        {facts.filter(Boolean).join(" · ")}
      </Text>
    </div>
  );
}

function labelOf({ displayName, medicalRecordNumber }: PatientOption): string {
  return `${displayName}, ${medicalRecordNumber}`;
}
