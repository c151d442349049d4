// How a client resumes: docs/live.md shows this function.
type Variables = Record<string, unknown>;
type Request = { query: string; variables?: Variables | null };
type Result = { data?: unknown };
type Sink = { next(result: never): void; error(reason: unknown): void; complete(): void };
type StreamClient = { subscribe(request: Request, sink: Sink): () => void };

/**
 * Returns a client of graphql-ws or graphql-sse that continues after the last change when it reconnects. Both libraries
 * serialize the variables at each attempt.
 */
export function resuming<Client extends StreamClient>(client: Client): Client {
  const subscribe: StreamClient["subscribe"] = (request, sink) => {
    const variables: Variables = { ...request.variables };
    const next = (result: Result) => {
      const data = result.data as { changes?: { id: string } } | null | undefined;
      if (data?.changes) variables["after"] = data.changes.id;
      sink.next(result as never);
    };
    return client.subscribe({ ...request, variables }, { ...sink, next });
  };
  return { ...client, subscribe };
}
