// The bearer token lives only in this module's memory. It is in no storage, no browser history and no editor.

/** The signed-in person, read from the token's claims without verifying them. Only the server can verify a token. */
export type Person = { subject: string; organization: string; access: string };

let token: string | null = null;
const listeners = new Set<() => void>();

export function currentToken(): string | null {
  return token;
}

export function setToken(value: string | null): void {
  token = value;
  for (const listener of listeners) listener();
}

export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Signs in by a link that ends in #token=…, and removes the token from the address bar and the browser history. */
export function takeTokenFromAddress(): void {
  const linked = new URLSearchParams(location.hash.slice(1)).get("token");
  if (linked === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  setToken(cleanToken(linked));
}

/** Returns the token from pasted text: a bare token, one after "Bearer", or a sign-in link. Null if there is none. */
export function cleanToken(pasted: string): string | null {
  const bare = pasted.trim().replace(/^.*#token=/s, "").replace(/^Bearer\s+/i, "");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bare) ? bare : null;
}

export function personOf(value: string): Person {
  const claims = claimsOf(value);
  const roles = texts(claims["roles"]);
  const permissions = texts(claims["permissions"]);
  const count = `${permissions.length} permission${permissions.length === 1 ? "" : "s"}`;
  return {
    subject: String(claims["sub"] ?? "unknown"),
    organization: String(claims["organization_id"] ?? "unknown"),
    access: roles.length > 0 ? roles.join(", ") : count,
  };
}

function texts(claim: unknown): string[] {
  return Array.isArray(claim) ? claim.map(String) : [];
}

function claimsOf(value: string): Record<string, unknown> {
  try {
    const base64 = value.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {}; // the server refuses it
  }
}
