import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { graphql, readFragment, type FragmentType } from "../../api/generated";
import type { WeekOfPatientFragment } from "../../api/generated/graphql";
import { OutlookBadge } from "../../ui/OutlookBadge";
import { patientKey } from "../patients/patientKey";
import { PatientLink } from "../patients/PatientLink";
import classes from "./Compliance.module.css";
import { GapList } from "./GapList";
import { Joinable } from "./Joinable";
import type { JoinableGroup } from "./useJoinable";
import { progressInWords, scheduledInWords } from "./words";

export const WeekOfPatientFields = graphql(`
  fragment WeekOfPatient on PatientCompliance {
    program
    outlook
    hours
    hoursPast
    days
    partialWeek
    gaps {
      message
      date
    }
    ruleSet {
      id
      title
    }
    groupDefinitions @include(if: $seesGroups) {
      id
      name
    }
    patient {
      id
      displayName
      medicalRecordNumber
      active
      ...PatientKey
    }
  }
`);

type Props = {
  weeks: ReadonlyArray<FragmentType<typeof WeekOfPatientFields>>;
  busy: boolean;
  /** The groups that patients at risk could still join; by default none are shown. */
  joinable?: readonly JoinableGroup[];
  /** The group whose page shows the table. It is not repeated in each row. */
  ofGroup?: string;
};

/** Patients with the outlook of their week, in the order of the server: the worst first. */
export function PatientWeekTable({ weeks, busy, joinable = [], ofGroup }: Props) {
  return (
    <table className={classes.table} aria-busy={busy}>
      <thead>
        <tr>
          <th className={classes.patients}>Patient</th>
          <th className={`${classes.outlook} ${classes.wide}`}>Outlook</th>
          <th className={`${classes.hours} ${classes.wide}`}>Scheduled</th>
          <th className={classes.wide}>What would mend it</th>
        </tr>
      </thead>
      <tbody>
        {readFragment(WeekOfPatientFields, weeks).map((week) => (
          <WeekRow key={week.patient.id} week={week} joinable={joinable} ofGroup={ofGroup} />
        ))}
      </tbody>
    </table>
  );
}

type RowProps = { week: WeekOfPatientFragment; joinable: readonly JoinableGroup[] };

function WeekRow({ week, joinable, ofGroup }: RowProps & { ofGroup: string | undefined }) {
  const { patient, outlook, partialWeek } = week;
  const groups = week.groupDefinitions?.filter(({ id }) => id !== ofGroup) ?? [];
  return (
    <tr>
      <th scope="row">
        <PatientLink enrollmentId={patientKey(patient)} className={classes.patient}>
          {patient.displayName}
        </PatientLink>{" "}
        <span className={`${classes.dimmed} ${classes.record}`}>
          {patient.medicalRecordNumber}
          {!patient.active && ", inactive in the registry"}
        </span>
        {partialWeek && <div className={classes.dimmed}>The stay begins or ends in this week</div>}
        {groups.map(({ id, name }) => (
          <div key={id} className={classes.dimmed}>
            {ofGroup !== undefined && "also in "}
            <Anchor inherit underline="always" renderRoot={(props) => <Link to="/groups/$groupId" params={{ groupId: id }} {...props} />}>
              {name}
            </Anchor>
          </div>
        ))}
        <div className={classes.narrow}>
          <OutlookBadge outlook={outlook} />
          <Scheduled week={week} />
          <Mending week={week} joinable={joinable} />
        </div>
      </th>
      <td className={classes.wide}>
        <OutlookBadge outlook={outlook} />
      </td>
      <td className={classes.wide}>
        <Scheduled week={week} />
      </td>
      <td className={classes.wide}>
        <Mending week={week} joinable={joinable} />
      </td>
    </tr>
  );
}

function Scheduled({ week }: { week: WeekOfPatientFragment }) {
  return (
    <Text component="div" size="sm" className={classes.number}>
      {scheduledInWords(week)}
      <div className={classes.dimmed}>{progressInWords(week)}</div>
    </Text>
  );
}

function Mending({ week, joinable }: RowProps) {
  const { gaps, outlook, groupDefinitions } = week;
  return (
    <Text component="div" size="sm">
      {gaps.length > 0 ? (
        <GapList gaps={gaps} />
      ) : outlook === "AT_RISK" ? (
        "Every remaining session must be held"
      ) : (
        <span className={classes.dimmed}>Nothing is needed</span>
      )}
      {isAtRisk(week) && <Joinable groups={joinable} inGroups={(groupDefinitions ?? []).map(({ id }) => id)} />}
    </Text>
  );
}

/** Whether something should be done for the patient. */
export function isAtRisk({ outlook }: Pick<WeekOfPatientFragment, "outlook">): boolean {
  return outlook === "CANNOT_BE_MET" || outlook === "AT_RISK";
}
