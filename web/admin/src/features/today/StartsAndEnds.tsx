import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { Part } from "./Part";
import { PatientInGroup } from "./PatientInGroup";

const StartsAndEndsFields = graphql(`
  fragment StartsAndEnds on Query {
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

/** Whose last day it is. */
export function StartsAndEnds({ of }: { of: FragmentType<typeof StartsAndEndsFields> }) {
  const { ending } = readFragment(StartsAndEndsFields, of);
  return (
    <Part title="Last day" list={ending} what="who ends" needs="pm.group_enrollments.view" none="Nobody's stay ends.">
      {({ nodes, totalCount }) => (
        <ShortList items={nodes} total={totalCount}>
          {(enrollment) => <PatientInGroup of={enrollment} />}
        </ShortList>
      )}
    </Part>
  );
}
