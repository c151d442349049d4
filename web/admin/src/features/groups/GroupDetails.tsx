import { Paper } from "@mantine/core";
import type { ReactNode } from "react";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import { formatDate } from "../../ui/times";
import classes from "./GroupDetails.module.css";
import { GROUP_TYPES, meetingsInWords } from "./words";

const GroupDetailsFields = graphql(`
  fragment GroupDetails on GroupDefinition {
    groupType
    timeZone
    minCapacity
    maxCapacity
    durationMinutes
    countsToward
    recurrence {
      summary
      startDate
      excludedDates
    }
    facilitator {
      displayName
      credentials
    }
    coFacilitator {
      displayName
      credentials
    }
    location {
      site
      room
    }
    complianceRuleSet {
      title
      payer
      source {
        title
        locator
      }
    }
  }
`);

type StaffMember = { displayName: string; credentials: string | null };

/** What is written down about a group, to read. */
export function GroupDetails({ of }: { of: FragmentType<typeof GroupDetailsFields> }) {
  const group = readFragment(GroupDetailsFields, of);
  const { recurrence, location, complianceRuleSet: ruleSet } = group;
  return (
    <Paper withBorder p="lg">
      <dl className={classes.list}>
        <Detail term="Type">{GROUP_TYPES[group.groupType]}</Detail>
        <Detail term="Facilitator">{staffMember(group.facilitator)}</Detail>
        <Detail term="Co-facilitator">{group.coFacilitator ? staffMember(group.coFacilitator) : "None"}</Detail>
        <Detail term="Location">{location ? [location.site, location.room].filter(Boolean).join(", ") : "None"}</Detail>
        <Detail term="Meets">
          {recurrence ? `${meetingsInWords(recurrence.summary, group.timeZone)}, from ${formatDate(recurrence.startDate)}` : "Without a rule"}
        </Detail>
        {recurrence && recurrence.excludedDates.length > 0 && (
          <Detail term="Not on">{recurrence.excludedDates.map(formatDate).join("; ")}</Detail>
        )}
        <Detail term="Length">{group.durationMinutes} minutes</Detail>
        <Detail term="Time zone">{group.timeZone}</Detail>
        <Detail term="Seats">
          {group.maxCapacity}
          {group.minCapacity !== null && `, at least ${group.minCapacity} to run well`}
        </Detail>
        {group.countsToward.length > 0 && <Detail term="Counts toward">{group.countsToward.join(", ")}</Detail>}
        {ruleSet && (
          <Detail term="Rule set">
            {ruleSet.title} ({ruleSet.payer})
            <div className={classes.source}>
              {ruleSet.source.title}, {ruleSet.source.locator}
            </div>
          </Detail>
        )}
      </dl>
    </Paper>
  );
}

function Detail({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className={classes.detail}>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function staffMember({ displayName, credentials }: StaffMember): string {
  return credentials === null ? displayName : `${displayName}, ${credentials}`;
}
