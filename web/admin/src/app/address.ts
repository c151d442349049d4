// Where the server is. A proxy may serve it under a path prefix, so the page's own address says nothing, but scripts are
// always at <root>/admin/assets/. While developing, Vite serves them from the root itself.
const root = import.meta.env.DEV ? new URL("/", location.href) : new URL(/* @vite-ignore */ "../../", import.meta.url);

/** The path of the admin UI, with a slash at its end: "/" or "/prefix/". */
export const basePath = root.pathname;

/** Return the address of something that the server serves, for example "graphql". */
export function serverUrl(path: string): string {
  return new URL(path, root).href;
}

/** Whether the server serves GraphiQL, too. */
export const servesGraphiql = document.querySelector<HTMLMetaElement>('meta[name="graphiql"]')?.content === "on";

/** The nonce with which the content security policy allows style elements. */
export const styleNonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
