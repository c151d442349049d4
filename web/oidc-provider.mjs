// An OpenID provider on loopback for the tests of sign-in: the npm package oidc-provider.
// Prints its issuer as a line of JSON when it listens. For each line on standard input it replaces its signing keys and
// prints the issuer again. It exits at the end of standard input.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const ORGANIZATION = "https://example.org/org";
const SCOPE = "pm.group_enrollments.view pm.billing.view";
// The claims of people by the name that they sign in with, and those of everybody else.
const CLAIMS = {
  manager: { realm_access: { roles: ["manager"] }, [ORGANIZATION]: "demo-clinic" },
  clinician: { realm_access: { roles: ["clinician", "offline_access"] }, [ORGANIZATION]: "demo-clinic" },
  guest: { realm_access: { roles: ["visitor"] }, [ORGANIZATION]: "demo-clinic" },
  stranger: { realm_access: { roles: ["manager"] } },
};
const OTHER_CLAIMS = { realm_access: { roles: ["front-desk", "offline_access"] }, [ORGANIZATION]: "clinic-1" };
const BROWSER_CLIENT = {
  application_type: "native", // its addresses on loopback may have any port
  token_endpoint_auth_method: "none",
  redirect_uris: ["http://127.0.0.1/", "http://127.0.0.1/callback"],
  post_logout_redirect_uris: ["http://127.0.0.1/"],
};
const COOKIE_KEYS = [randomUUID()];

const signingKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
};

const provider = (issuer) =>
  new Provider(issuer, {
    jwks: { keys: [signingKey()] },
    cookies: { keys: COOKIE_KEYS },
    clients: [
      {
        client_id: "reports",
        client_secret: "a-secret-of-the-tests",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      { ...BROWSER_CLIENT, client_id: "admin-ui", grant_types: ["authorization_code", "refresh_token"] },
      { ...BROWSER_CLIENT, client_id: "brief", grant_types: ["authorization_code"] },
    ],
    clientBasedCORS: () => true,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource, client) => ({
          scope: SCOPE,
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: client.clientId === "brief" ? 11 : 600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: (_context, { accountId }) => CLAIMS[accountId] ?? OTHER_CLAIMS,
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  });

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const start = () => {
    server.removeAllListeners("request");
    server.on("request", provider(issuer).callback());
    console.log(JSON.stringify({ issuer }));
  };
  start();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", start);
  lines.on("close", () => process.exit(0));
});
