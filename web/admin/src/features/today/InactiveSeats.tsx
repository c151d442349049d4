import { Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { Part } from "./Part";
import { PatientInGroup } from "./PatientInGroup";

const InactiveSeatsFields = graphql(`
  fragment InactiveSeats on Query {
    inactiveSeats: enrollments(filter: { status: [ENROLLED], patientActive: false }, first: 50)
      @include(if: $seesEnrollments) {
      totalCount
      nodes {
        id
        ...PatientInGroup
      }
    }
  }
`);

/** The seats that a person must free: the registry says that the patient is deceased, deactivated or merged. */
export function InactiveSeats({ of }: { of: FragmentType<typeof InactiveSeatsFields> }) {
  const { inactiveSeats } = readFragment(InactiveSeatsFields, of);
  return (
    <Part
      title="Seats of inactive patients"
      list={inactiveSeats}
      what="enrollments"
      needs="pm.group_enrollments.view"
      none="Everybody with a seat is active in the registry."
    >
      {({ nodes, totalCount }) => (
        <>
          <Text size="sm" c="dimmed">
            The registry has deactivated them. Their seats stay taken until somebody disenrolls them.
          </Text>
          <ShortList items={nodes} total={totalCount}>
            {(seat) => <PatientInGroup of={seat} />}
          </ShortList>
        </>
      )}
    </Part>
  );
}
