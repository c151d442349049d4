import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { CapacityBar } from "../../ui/CapacityBar";
import { ShortList } from "../../ui/ShortList";
import { GroupLink } from "../groups/GroupLink";
import { Part } from "./Part";

const BelowMinimumFields = graphql(`
  fragment BelowMinimum on Query {
    belowMinimum: groupDefinitions(filter: { belowMinimum: true }, first: 50) @include(if: $seesGroups) {
      totalCount
      nodes {
        id
        name
        capacity {
          ...CapacityBar
        }
      }
    }
  }
`);

/** The groups that have fewer patients than they need, whenever they meet. */
export function BelowMinimum({ of }: { of: FragmentType<typeof BelowMinimumFields> }) {
  const { belowMinimum } = readFragment(BelowMinimumFields, of);
  return (
    <Part
      title="Groups below minimum"
      list={belowMinimum}
      what="groups"
      needs="pm.group_definitions.view"
      none="Every group has enough patients."
    >
      {({ nodes, totalCount }) => (
        <ShortList items={nodes} total={totalCount}>
          {({ capacity, ...group }) => (
            <>
              <GroupLink group={group} />
              <CapacityBar of={capacity} />
            </>
          )}
        </ShortList>
      )}
    </Part>
  );
}
