// The values of the group form, and their ways from the server and to it.

import { graphql } from "../../../api/generated";
import type { CreateGroupDefinitionInput, GroupFormFragment, GroupType, RecurrenceInput } from "../../../api/generated/graphql";
import { formatRule, NO_RECURRENCE, parseRule, type RecurrenceValues } from "./recurrenceRule";

export const GroupFormFields = graphql(`
  fragment GroupForm on GroupDefinition {
    id
    version
    name
    groupType
    minCapacity
    maxCapacity
    durationMinutes
    timeZone
    countsToward
    facilitator {
      id
      displayName
      credentials
      active
    }
    coFacilitator {
      id
      displayName
      credentials
      active
    }
    location {
      id
      site
      room
      timeZone
      active
    }
    complianceRuleSet {
      id
    }
    recurrence {
      rule
      startDate
      startTime
      excludedDates
    }
  }
`);

export type GroupValues = {
  name: string;
  groupType: GroupType | null;
  facilitatorId: string | null;
  coFacilitatorId: string | null;
  locationId: string | null;
  minCapacity: number | string;
  maxCapacity: number | string;
  durationMinutes: number | string;
  timeZone: string | null;
  countsToward: GroupType[];
  complianceRuleSetId: string | null;
  recurrence: RecurrenceValues;
};

export const NEW_GROUP: GroupValues = {
  name: "",
  groupType: null,
  facilitatorId: null,
  coFacilitatorId: null,
  locationId: null,
  minCapacity: "",
  maxCapacity: "",
  durationMinutes: 60,
  timeZone: null,
  countsToward: [],
  complianceRuleSetId: null,
  recurrence: NO_RECURRENCE,
};

export function valuesOf(group: GroupFormFragment): GroupValues {
  const { recurrence } = group;
  return {
    name: group.name,
    groupType: group.groupType,
    facilitatorId: group.facilitator.id,
    coFacilitatorId: group.coFacilitator?.id ?? null,
    locationId: group.location?.id ?? null,
    minCapacity: group.minCapacity ?? "",
    maxCapacity: group.maxCapacity,
    durationMinutes: group.durationMinutes,
    timeZone: group.timeZone,
    countsToward: group.countsToward,
    complianceRuleSetId: group.complianceRuleSet?.id ?? null,
    recurrence:
      recurrence === null
        ? NO_RECURRENCE
        : {
            ...parseRule(recurrence.rule),
            startDate: recurrence.startDate,
            startTime: recurrence.startTime.slice(0, 5),
            excludedDates: recurrence.excludedDates,
          },
  };
}

export function inputOf(values: GroupValues): CreateGroupDefinitionInput {
  return {
    name: values.name,
    groupType: values.groupType!,
    facilitatorId: values.facilitatorId!,
    coFacilitatorId: values.coFacilitatorId,
    locationId: values.locationId,
    minCapacity: values.minCapacity === "" ? null : Number(values.minCapacity),
    maxCapacity: Number(values.maxCapacity),
    durationMinutes: Number(values.durationMinutes),
    timeZone: values.timeZone,
    countsToward: values.countsToward,
    complianceRuleSetId: values.complianceRuleSetId,
    recurrence: recurrenceInput(values.recurrence),
  };
}

/** Return the recurrence for the server; null if there is none, or if its first day or start is missing. */
export function recurrenceInput(values: RecurrenceValues): RecurrenceInput | null {
  const rule = formatRule(values);
  if (rule === null || values.startDate === "" || values.startTime === "") return null;
  return { rule, startDate: values.startDate, startTime: `${values.startTime}:00`, excludedDates: values.excludedDates };
}
