import { graphql } from "../../api/generated";

export const PatientByKey = graphql(`
  query PatientByKey(
    $enrollmentId: ID!
    $patientId: ID!
    $byPatient: Boolean!
    $weekOf: Date
    $from: Date!
    $through: Date!
    $upcomingFrom: Date!
    $upcomingThrough: Date!
    $seesGroups: Boolean!
    $seesSchedule: Boolean!
  ) {
    enrollment(id: $enrollmentId) @skip(if: $byPatient) {
      id
      patient {
        ...PatientOverview
      }
    }
    patient(id: $patientId) @include(if: $byPatient) {
      ...PatientOverview
    }
  }
`);

export const PatientOverviewFields = graphql(`
  fragment PatientOverview on Patient {
    ...PatientIdentity
    ...PatientWeeks
    ...PatientSessions
    ...PatientEnrollments
  }
`);
