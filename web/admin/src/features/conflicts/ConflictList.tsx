import { Text } from "@mantine/core";
import { Fragment } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { ConflictItemFragment, ConflictKind } from "../../api/generated/graphql";
import { ShortList } from "../../ui/ShortList";
import { patientKey } from "../patients/patientKey";
import { PatientLink } from "../patients/PatientLink";
import { SessionLink } from "../sessions/SessionLink";
import { placeInWords } from "../sessions/words";
import classes from "./ConflictList.module.css";

export const ConflictItemFields = graphql(`
  fragment ConflictItem on Conflict {
    kind
    startsAt
    message
    occurrences {
      id
      groupDefinition @include(if: $seesGroups) {
        id
        name
      }
    }
    staffMember {
      displayName
    }
    location {
      site
      room
    }
    closure {
      name
    }
    patient @include(if: $seesEnrollments) {
      ...PatientKey
      id
      displayName
    }
  }
`);

export const CONFLICT_KINDS: Record<ConflictKind, string> = {
  FACILITATOR: "Facilitator double-booked",
  LOCATION: "Room double-booked",
  PATIENT: "Patient double-booked",
  GROUP: "Group overlaps itself",
  CLOSURE: "Closed",
};

type Props = { conflicts: ReadonlyArray<FragmentType<typeof ConflictItemFields>>; total: number };

/** What is in two places at once, or closed: whom or what it concerns, in words, with the sessions. */
export function ConflictList({ conflicts, total }: Props) {
  const items = readFragment(ConflictItemFields, conflicts).map((conflict) => ({ ...conflict, id: keyOf(conflict) }));
  return (
    <ShortList items={items} total={total}>
      {(conflict) => (
        <>
          <Text size="sm" fw={600}>
            {CONFLICT_KINDS[conflict.kind]}
            <Subject conflict={conflict} />
          </Text>
          <div>{conflict.message}</div>
          <SessionsOf conflict={conflict} />
        </>
      )}
    </ShortList>
  );
}

function SessionsOf({ conflict: { occurrences } }: { conflict: ConflictItemFragment }) {
  const groups = occurrences.flatMap(({ id, groupDefinition }) => (groupDefinition ? [{ id, group: groupDefinition }] : []));
  return groups.map(({ id, group }, index) => (
    <Fragment key={id}>
      {index > 0 && " and "}
      <SessionLink sessionId={id} groupId={group.id} className={classes.link}>
        {group.name}
      </SessionLink>
    </Fragment>
  ));
}

/** What is in two places at once, or the closure. */
function Subject({ conflict: { staffMember, location, closure, patient } }: { conflict: ConflictItemFragment }) {
  if (patient) {
    return (
      <>
        : <PatientLink enrollmentId={patientKey(patient)}>{patient.displayName}</PatientLink>
      </>
    );
  }
  if (location) return `: ${placeInWords(location)}`;
  const name = staffMember?.displayName ?? closure?.name;
  return name === undefined ? null : `: ${name}`;
}

function keyOf({ kind, startsAt, occurrences, patient }: ConflictItemFragment): string {
  return [kind, startsAt, patient?.id, ...occurrences.map(({ id }) => id)].join();
}
