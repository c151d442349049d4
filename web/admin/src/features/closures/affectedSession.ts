import { graphql } from "../../api/generated";

export const AffectedSessionFields = graphql(`
  fragment AffectedSession on Occurrence {
    id
    sessionDate
    startTime
    endTime
    startsAt
    timeZone
    facilitator {
      displayName
    }
    location {
      site
      room
    }
    groupDefinition @include(if: $seesGroups) {
      id
      name
    }
  }
`);
