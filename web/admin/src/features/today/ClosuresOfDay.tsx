import { Text } from "@mantine/core";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { ShortList } from "../../ui/ShortList";
import { formatDate } from "../../ui/times";
import { placeInWords } from "../sessions/words";
import { Part } from "./Part";

const ClosuresOfDayFields = graphql(`
  fragment ClosuresOfDay on Query {
    closures(from: $day, through: $day, first: 50) @include(if: $seesSchedule) {
      totalCount
      nodes {
        id
        name
        from
        through
        location {
          site
          room
        }
      }
    }
  }
`);

export function ClosuresOfDay({ of }: { of: FragmentType<typeof ClosuresOfDayFields> }) {
  const { closures } = readFragment(ClosuresOfDayFields, of);
  return (
    <Part title="Closures" list={closures} what="closures" needs="pm.group_schedule.view" none="Everything is open.">
      {({ nodes, totalCount }) => (
        <ShortList items={nodes} total={totalCount}>
          {({ name, from, through, location }) => (
            <>
              <Text size="sm" fw={600}>
                {name}
              </Text>
              {location === null ? "The whole clinic" : placeInWords(location)}
              {from !== through && `, ${formatDate(from)} to ${formatDate(through)}`}
            </>
          )}
        </ShortList>
      )}
    </Part>
  );
}
