// What a change of the schedule does to others, in words.

import { graphql } from "../../api/generated";
import type { ImpactFragment } from "../../api/generated/graphql";
import { formatNearDate, localToday } from "../../ui/times";

export const ImpactFields = graphql(`
  fragment Impact on ScheduleImpact {
    conflicts {
      kind
      message
      staffMember {
        displayName
      }
      patient @include(if: $seesPatients) {
        id
        displayName
      }
      occurrences {
        id
        groupDefinition @include(if: $seesGroups) {
          id
          name
        }
      }
      closure {
        name
      }
    }
    compliance {
      before {
        status
      }
      after {
        program
        weekStart
        status
        gaps {
          message
        }
      }
      groupDefinition @include(if: $seesGroups) {
        id
        name
      }
    }
    patientCompliance @include(if: $seesPatients) {
      before {
        status
      }
      after {
        program
        weekStart
        status
        gaps {
          message
        }
        patient {
          id
          displayName
        }
      }
    }
  }
`);

type Conflict = ImpactFragment["conflicts"][number];

/** "Two sessions are in the same room at once on Dec 7, from 9:00 AM to 10:00 AM (Renata Q. with Grief and Loss)." */
export function conflictInWords({ message, staffMember, patient, occurrences, closure }: Conflict, groupId: string | null): string {
  const who = staffMember?.displayName ?? patient?.displayName ?? closure?.name;
  const others = occurrences.flatMap(({ groupDefinition: group }) => (group == null || group.id === groupId ? [] : [group.name]));
  const other = others.length > 0 ? `with ${others.join(" and ")}` : undefined;
  const more = [who, other].filter(Boolean).join(", ");
  return more === "" ? message : `${message} (${more})`;
}

export type ComplianceChanges = { lost: string[]; gained: string[]; unchanged: string[] };

/** Return the weeks of groups that lose compliance, that gain it, and those that stay as they are. */
export function groupWeeksInWords({ compliance }: ImpactFragment): ComplianceChanges {
  return changesInWords(
    compliance.map(({ before, after, groupDefinition }) => ({ before, after, name: groupDefinition?.name ?? "The group" })),
  );
}

/** Return the weeks of patients. Those who lose or gain the same are in one sentence. */
export function patientWeeksInWords({ patientCompliance }: ImpactFragment): ComplianceChanges {
  return changesInWords((patientCompliance ?? []).map(({ before, after }) => ({ before, after, name: after.patient.displayName })));
}

type Status = ImpactFragment["compliance"][number]["before"]["status"];
type After = { status: Status; weekStart: string; gaps: { message: string }[]; program: string };
type Week = { before: { status: Status }; after: After; name: string };

function changesInWords(weeks: Week[]): ComplianceChanges {
  const names = new Map<string, { kind: keyof ComplianceChanges; names: string[] }>();
  for (const { before, after, name } of weeks) {
    const kind = before.status === after.status ? "unchanged" : after.status === "COMPLIANT" ? "gained" : "lost";
    const gaps = after.gaps.map(({ message }) => message).join("; ");
    const words = `${after.program}, week of ${formatNearDate(after.weekStart, localToday())}: ${gaps || "Compliant"}`;
    const alike = names.get(kind + words) ?? { kind, names: [] };
    alike.names.push(name);
    names.set(kind + words, alike);
  }
  const changes: ComplianceChanges = { lost: [], gained: [], unchanged: [] };
  for (const [key, { kind, names: alike }] of names) changes[kind].push(`${key.slice(kind.length)} (${alike.join(", ")})`);
  return changes;
}
