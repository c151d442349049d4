// The documents of all three clients. Relay's compiler finds them by their tag; Apollo and urql parse the text.
const graphql = String.raw;

export const rosterQuery = graphql`
  query documentsRosterQuery($id: ID!) {
    groupDefinition(id: $id) {
      id
      name
      capacity {
        enrolled
        waitlisted
      }
      enrollments(first: 50) {
        nodes {
          id
          status
          waitlistPosition
        }
      }
    }
  }
`;

export const peopleQuery = graphql`
  query documentsPeopleQuery($group: ID!, $patient: ID!) {
    groupDefinition(id: $group) {
      id
      facilitator {
        id
        displayName
      }
    }
    patient(id: $patient) {
      id
      displayName
    }
  }
`;

export const enroll = graphql`
  mutation documentsEnrollMutation($input: EnrollPatientInput!) {
    enrollPatient(input: $input) {
      groupDefinition {
        id
        capacity {
          enrolled
          waitlisted
        }
        enrollments(first: 50) {
          nodes {
            id
            status
            waitlistPosition
          }
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const disenroll = graphql`
  mutation documentsDisenrollMutation($input: DisenrollPatientInput!) {
    disenrollPatient(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      groupDefinition {
        id
        capacity {
          enrolled
          waitlisted
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const promote = graphql`
  mutation documentsPromoteMutation($input: PromoteEnrollmentInput!) {
    promoteEnrollment(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      groupDefinition {
        id
        capacity {
          enrolled
          waitlisted
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const move = graphql`
  mutation documentsMoveMutation($input: MoveWaitlistedEnrollmentInput!) {
    moveWaitlistedEnrollment(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      userErrors {
        code
      }
    }
  }
`;

export const remove = graphql`
  mutation documentsRemoveMutation($input: RemoveEnrollmentInput!) {
    removeEnrollment(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      groupDefinition {
        id
        capacity {
          enrolled
          waitlisted
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const update = graphql`
  mutation documentsUpdateMutation($input: UpdateGroupDefinitionInput!) {
    updateGroupDefinition(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      groupDefinition {
        id
        name
        capacity {
          enrolled
          waitlisted
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const restore = graphql`
  mutation documentsRestoreMutation($input: RestoreGroupDefinitionInput!) {
    restoreGroupDefinition(input: $input) {
      changedEnrollments {
        id
        status
        waitlistPosition
      }
      groupDefinition {
        id
        capacity {
          enrolled
          waitlisted
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const changesSubscription = graphql`
  subscription documentsChangesSubscription($after: ID) {
    changes(after: $after) {
      id
      event
    }
  }
`;
