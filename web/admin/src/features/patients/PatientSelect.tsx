import { useState } from "react";
import { useQuery } from "urql";
import { graphql } from "../../api/generated";
import type { PatientSearchQuery } from "../../api/generated/graphql";
import { SearchSelect, type FieldProps } from "../../ui/SearchSelect";
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

/** Chooses one of all patients of the clinic by name, record number or birth date. */
export function PatientSelect(props: FieldProps<PatientOption>) {
  const [search, setSearch] = useState("");
  const [{ data, fetching, error }] = useQuery({ query: PatientSearch, variables: { search } });
  return (
    <SearchSelect
      {...props}
      items={data?.patients?.nodes ?? []}
      searching={fetching}
      failed={error !== undefined}
      onSearch={setSearch}
      labelOf={({ displayName, medicalRecordNumber }) => `${displayName}, ${medicalRecordNumber}`}
      detailsOf={({ birthDate }) => (birthDate === null ? "" : `born ${formatDate(birthDate)}`)}
    />
  );
}
