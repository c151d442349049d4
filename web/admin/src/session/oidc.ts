// OpenID Connect: authorization code with PKCE. Only sign-in with a provider loads this file and its library.
//
// Tokens are in memory only. What must survive the way to the provider and back in this window is in sessionStorage: the
// state and the verifier of that one attempt, which are of no use without the provider's code, and are removed as soon
// as it comes. Attempts in another window keep them in memory.

import {
  ErrorResponse,
  InMemoryWebStorage,
  OidcClient,
  OidcClientSettingsStore,
  WebStorageStateStore,
  type SigninResponse,
} from "oidc-client-ts";
import { serverUrl } from "../app/address";
import { ATTEMPT_PREFIX } from "./attempts";
import type { Provider } from "./settings";

/** What the provider has issued. */
export type Grant = {
  accessToken: string;
  /** The seconds for which the access token is valid, if the provider says so. */
  seconds: number | undefined;
  refreshToken: string | undefined;
  idToken: string | undefined;
  scope: string | undefined;
  profile: SigninResponse["profile"];
};

export type Place = "this window" | "another window";

/** A fault of sign-in, in words for the person. */
export class SignInFault extends Error {
  override name = "SignInFault";
}

type Clients = Record<Place, OidcClient>;

let clients: Clients | undefined;

/** Return the address of the provider's sign-in page, and the state with which its response will come. */
export async function beginSignIn(provider: Provider, place: Place, prompt?: "login"): Promise<{ url: string; state: string }> {
  const client = await usableClient(provider, place);
  const { prompt: usual, ...extraQueryParams } = provider.parameters;
  const { url, state } = await client.createSigninRequest({ prompt: prompt ?? usual, extraQueryParams });
  return { url, state: state.id };
}

/** Return what the provider issues for the code in the address that it led back to. */
export async function redeemCode(provider: Provider, place: Place, address: string): Promise<Grant> {
  const client = await usableClient(provider, place);
  return grantOf(await client.processSigninResponse(address));
}

/** Return what the provider issues for the refresh token of a grant. */
export async function renewGrant(provider: Provider, grant: Grant & { refreshToken: string }): Promise<Grant> {
  const client = await usableClient(provider, "another window");
  const response = await client.useRefreshToken({
    state: {
      refresh_token: grant.refreshToken,
      id_token: grant.idToken,
      scope: grant.scope,
      session_state: null,
      profile: grant.profile,
    },
    extraTokenParams: provider.parameters,
  });
  return grantOf(response, grant.refreshToken);
}

/** Revoke the refresh token of a grant, and return the address where the provider signs out, if it has one. */
export async function endGrant(provider: Provider, grant: Grant): Promise<string | null> {
  const client = await usableClient(provider, "another window");
  const metadata = await client.metadataService.getMetadata();
  if (grant.refreshToken !== undefined && isAtIssuer(provider, metadata.revocation_endpoint)) {
    await client.revokeToken(grant.refreshToken, "refresh_token").catch(() => undefined); // it is forgotten anyway
  }
  if (metadata.end_session_endpoint === undefined) return null;
  const { url } = await client.createSignoutRequest({ id_token_hint: grant.idToken, client_id: provider.client_id });
  return url;
}

/** Return an error of these functions in words for the person. */
export function wordsOf(error: unknown): string {
  if (error instanceof SignInFault) return error.message;
  if (error instanceof ErrorResponse) return `The identity provider says: ${error.error_description ?? error.error ?? "no reason"}`;
  if (error instanceof TypeError) return "The identity provider cannot be reached. Try again in a moment.";
  return `Sign-in has failed: ${error instanceof Error ? error.message : String(error)}`;
}

/** Return whether an error is a refusal of the provider, which another attempt would not change. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ErrorResponse;
}

async function usableClient(provider: Provider, place: Place): Promise<OidcClient> {
  if (!window.isSecureContext) {
    throw new SignInFault("Sign-in needs https. Open this page at an address that begins with https://.");
  }
  clients ??= createClients(provider);
  const client = clients[place];
  const { token_endpoint } = await client.metadataService.getMetadata();
  if (!isAtIssuer(provider, token_endpoint)) {
    throw new SignInFault(`The identity provider's token endpoint must be at ${new URL(provider.issuer).origin}.`);
  }
  return client;
}

function createClients(provider: Provider): Clients {
  const settings = (store: Storage) =>
    new OidcClientSettingsStore({
      authority: provider.issuer,
      client_id: provider.client_id,
      scope: provider.scope,
      redirect_uri: serverUrl(""),
      post_logout_redirect_uri: serverUrl(""),
      extraTokenParams: provider.parameters,
      fetchRequestCredentials: "omit",
      requestTimeoutInSeconds: 20,
      stateStore: new WebStorageStateStore({ prefix: ATTEMPT_PREFIX, store }),
    });
  const thisWindow = new OidcClient(settings(sessionStorage));
  const anotherWindow = new OidcClient(settings(new InMemoryWebStorage()), thisWindow.metadataService);
  return { "this window": thisWindow, "another window": anotherWindow };
}

/** The content security policy allows requests to the issuer's origin only. */
function isAtIssuer(provider: Provider, address: string | undefined): boolean {
  return address !== undefined && URL.canParse(address) && new URL(address).origin === new URL(provider.issuer).origin;
}

function grantOf(response: SigninResponse, earlierRefreshToken?: string): Grant {
  return {
    accessToken: response.access_token,
    seconds: response.expires_in,
    refreshToken: response.refresh_token ?? earlierRefreshToken,
    idToken: response.id_token,
    scope: response.scope,
    profile: response.profile,
  };
}
