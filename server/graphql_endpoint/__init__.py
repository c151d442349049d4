"""POST and GET /graphql: from the HTTP request to the HTTP response."""
