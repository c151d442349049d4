// How requests reach the server: with the token, and again after a failure that will pass.
//
// A request waits while its person must sign in. It is sent again after a lost connection, BUSY or UNAVAILABLE, until it
// succeeds or the person stops it. Mutations carry an Idempotency-Key (see client.ts), so sending one twice is safe.

import { accept, currentSession, refuse, usableToken } from "../session/token";
import { waitBeforeRetry } from "./retries";

type ResponseBody = { errors?: { message: string; extensions?: { code?: string } }[] };

const LONGEST_WAIT_SECONDS = 15;
const TEMPORARY_CODES = new Set(["BUSY", "UNAVAILABLE", "RATE_LIMITED", "IDEMPOTENCY_KEY_IN_USE"]);
const TEMPORARY_STATUSES = new Set([429, 502, 503, 504]);

export async function send(url: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const { generation } = currentSession();
  for (let attempt = 1; ; attempt++) {
    const token = await usableToken(generation);
    const response = await tryToSend(url, init, token);
    if (response?.status === 401) {
      refuse(token, await refusalIn(response));
    } else if (response === null || (await isTemporary(response))) {
      await waitBeforeRetry(secondsBefore(attempt, response), init.signal);
    } else {
      accept(token);
      return response;
    }
  }
}

/** Return the response, or null if none came. */
async function tryToSend(url: RequestInfo | URL, init: RequestInit, token: string): Promise<Response | null> {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(url, { ...init, headers, credentials: "omit", cache: "no-store" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    return null;
  }
}

async function isTemporary(response: Response): Promise<boolean> {
  if (TEMPORARY_STATUSES.has(response.status)) return true;
  const text = await response.clone().text();
  if (!text.includes('"errors"')) return false;
  return errorsIn(text).some((error) => TEMPORARY_CODES.has(error.extensions?.code ?? ""));
}

async function refusalIn(response: Response): Promise<string> {
  return errorsIn(await response.text())[0]?.message ?? "The token is no longer valid.";
}

function errorsIn(text: string): NonNullable<ResponseBody["errors"]> {
  try {
    return (JSON.parse(text) as ResponseBody).errors ?? [];
  } catch {
    return []; // a proxy's own page
  }
}

function secondsBefore(attempt: number, response: Response | null): number {
  const required = Number(response?.headers.get("Retry-After"));
  return required > 0 ? required : Math.min(2 ** (attempt - 1), LONGEST_WAIT_SECONDS);
}
