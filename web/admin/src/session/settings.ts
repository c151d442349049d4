// How people sign in, as the server wrote it into the page (server/routes/admin.py).

/** Where people sign in, by OpenID Connect. */
export type Provider = { issuer: string; client_id: string; scope: string; parameters: Record<string, string> };

/** The names or paths of the claims that the server reads from a token. */
export type Claims = { organization: string; permissions: readonly string[]; roles: readonly string[] };

type Settings = { provider: Provider | null; claims: Claims };

/** Without a provider, people need a sign-in link or a token. So it is while developing, because Vite serves the page. */
export const { provider, claims } = settings();

function settings(): Settings {
  const content = document.querySelector<HTMLMetaElement>('meta[name="sign-in"]')?.content ?? "";
  if (content.startsWith("{")) return JSON.parse(content) as Settings; // the server's own, whose form a test checks
  return { provider: null, claims: { organization: "organization_id", permissions: ["permissions"], roles: ["roles"] } };
}
