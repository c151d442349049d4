import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { Part } from "./Part";
import { PatientInGroup } from "./PatientInGroup";

const StartsAndEndsFields = graphql(`
  fragment StartsAndEnds on Query {
    starting: enrollments(filter: { status: [ENROLLED], startingFrom: $day, startingThrough: $day }, first: 50)
      @include(if: $seesEnrollments) {
      totalCount
      nodes {
        id
        ...PatientInGroup
      }
    }
    ending: enrollments(filter: { status: [ENROLLED], endingFrom: $day, endingThrough: $day }, first: 50)
      @include(if: $seesEnrollments) {
      totalCount
      nodes {
        id
        ...PatientInGroup
      }
    }
  }
`);

/** Whose first day in a group it is, and whose last. */
export function StartsAndEnds({ of }: { of: FragmentType<typeof StartsAndEndsFields> }) {
  const { starting, ending } = readFragment(StartsAndEndsFields, of);
  const parts = [
    { title: "First day", list: starting, what: "who starts", none: "Nobody's stay starts." },
    { title: "Last day", list: ending, what: "who ends", none: "Nobody's stay ends." },
  ];
  return parts.map((part) => (
    <Part key={part.title} needs="pm.group_enrollments.view" {...part}>
      {({ nodes, totalCount }) => (
        <ShortList items={nodes} total={totalCount}>
          {(enrollment) => <PatientInGroup of={enrollment} />}
        </ShortList>
      )}
    </Part>
  ));
}
