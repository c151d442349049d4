import { graphql } from "../../api/generated";

export const EnrollmentRowFields = graphql(`
  fragment EnrollmentRow on Enrollment {
    id
    version
    waitlistPosition
    waitlistedAt
    enrolledAt
    promotedAt
    disenrolledAt
    disenrollmentReason
    patient {
      id
      displayName
      medicalRecordNumber
      birthDate
      active
    }
  }
`);
