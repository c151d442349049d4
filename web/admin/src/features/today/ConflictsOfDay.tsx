import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { usePermissions } from "../../permissions/permissions";
import { LeftOut } from "../../ui/states";
import { ConflictList } from "../conflicts/ConflictList";
import { Part } from "./Part";

const ConflictsOfDayFields = graphql(`
  fragment ConflictsOfDay on Query {
    conflicts(from: $day, through: $day, first: 50) @include(if: $seesSchedule) {
      totalCount
      nodes {
        ...ConflictItem
      }
    }
  }
`);

export function ConflictsOfDay({ of }: { of: FragmentType<typeof ConflictsOfDayFields> }) {
  const { conflicts } = readFragment(ConflictsOfDayFields, of);
  const may = usePermissions();
  return (
    <Part
      title="Conflicts"
      list={conflicts}
      what="conflicts"
      needs="pm.group_schedule.view"
      none="There are none."
      below={
        !may("pm.group_enrollments.view") && (
          <LeftOut what="the conflicts of patients" needs="pm.group_enrollments.view" />
        )
      }
    >
      {({ nodes, totalCount }) => <ConflictList conflicts={nodes} total={totalCount} />}
    </Part>
  );
}
