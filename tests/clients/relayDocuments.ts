// Documents with Relay's own directives.
const graphql = String.raw;

export const pageQuery = graphql`
  query relayDocumentsPageQuery($id: ID!, $after: String) {
    groupDefinition(id: $id) {
      id
      enrollments(first: 2, after: $after) @connection(key: "relayDocuments_enrollments") {
        edges {
          node {
            id
          }
        }
      }
    }
  }
`;

export const refetchQuery = graphql`
  query relayDocumentsRefetchQuery($id: ID!) {
    node(id: $id) {
      ... on GroupDefinition {
        name
      }
    }
  }
`;
