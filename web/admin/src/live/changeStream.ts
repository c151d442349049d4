// One stream of changes from the server, by graphql-sse. It reconnects by itself, after the last change that arrived.

import { createClient, type RequestParams } from "graphql-sse";
import { stringifyDocument } from "urql";
import { graphql } from "../api/generated";
import type { ChangesSubscription } from "../api/generated/graphql";
import { serverUrl } from "../app/address";
import { currentSession, refuse, usableToken } from "../session/token";

export type Change = ChangesSubscription["changes"];

/** Ids only: `patientId` is left out, so that the access log has what the person reads and not what arrives. */
const Changes = graphql(`
  subscription Changes($after: ID) {
    changes(after: $after) {
      id
      event
      groupDefinitionId
      occurrenceId
      enrollmentId
      correlationId
      actorId
    }
  }
`);

const LONGEST_WAIT_SECONDS = 30;
/** The server sends a sign of life every 15 seconds. */
const SILENCE_MILLISECONDS = 40_000;

type Listener = {
  onChange: (change: Change) => void;
  /** The stream has opened, for the first time or after an interruption. */
  onOpen: () => void;
  onInterrupted: () => void;
};

/** Open the stream after a change, or from now on, and return the function that closes it. */
export function openStream(after: string | null, { onChange, onOpen, onInterrupted }: Listener): () => void {
  const { generation } = currentSession();
  // The client writes the variables into each attempt, so that it continues after the last change.
  const request: RequestParams & { variables: { after: string | null } } = {
    query: stringifyDocument(Changes),
    variables: { after },
  };
  const client = createClient({
    url: serverUrl("graphql"),
    credentials: "omit",
    fetchFn: async (url: string, init: RequestInit) => {
      const token = await usableToken(generation);
      const headers = new Headers(init.headers);
      headers.set("Authorization", `Bearer ${token}`);
      const response = await fetch(url, { ...init, headers, cache: "no-store" });
      if (response.status === 401) refuse(token, "The token is no longer valid.");
      if (response.ok) onOpen();
      return failingInSilence(response);
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: async (retries) => {
      onInterrupted();
      await waitOrOnline(Math.min(2 ** retries, LONGEST_WAIT_SECONDS) * (0.5 + Math.random() / 2));
    },
  });
  let closed = false;
  const subscribe = () => {
    client.subscribe<ChangesSubscription>(request, {
      next: ({ data, errors }) => {
        if (data != null) {
          request.variables.after = data.changes.id;
          onChange(data.changes);
        } else if (errors !== undefined) {
          request.variables.after = null; // the server does not know the last change: a restored database
        }
      },
      error: resubscribe,
      complete: resubscribe,
    });
  };
  const resubscribe = () => {
    if (closed) return;
    onInterrupted();
    void waitOrOnline(LONGEST_WAIT_SECONDS).then(() => closed || subscribe());
  };
  subscribe();
  return () => {
    closed = true;
    client.dispose();
  };
}

/** Return the response with a body that fails if nothing arrives: the network was lost, or the computer was asleep. */
function failingInSilence(response: Response): Response {
  if (!response.ok || response.body === null) return response;
  let timer: ReturnType<typeof setTimeout>;
  const watch = (controller: TransformStreamDefaultController<Uint8Array>) => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.error(new Error("The stream is silent.")), SILENCE_MILLISECONDS);
  };
  const watched = new TransformStream<Uint8Array, Uint8Array>({
    start: watch,
    transform: (chunk, controller) => {
      watch(controller);
      controller.enqueue(chunk);
    },
    flush: () => clearTimeout(timer),
  });
  return new Response(response.body.pipeThrough(watched), response);
}

function waitOrOnline(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      window.removeEventListener("online", finish);
      resolve();
    };
    const timer = setTimeout(finish, seconds * 1000);
    window.addEventListener("online", finish);
  });
}
