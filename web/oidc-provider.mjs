// An OpenID provider on loopback for the tests of sign-in: the npm package oidc-provider with two clients.
// Prints its issuer as a line of JSON when it listens. For each line on standard input it replaces its signing keys and
// prints the issuer again. It exits at the end of standard input.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const CLAIMS = { realm_access: { roles: ["front-desk", "offline_access"] }, "https://example.org/org": "clinic-1" };
const SCOPE = "pm.group_enrollments.view pm.billing.view";

const signingKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
};

const provider = (issuer) =>
  new Provider(issuer, {
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomUUID()] },
    clients: [
      {
        client_id: "reports",
        client_secret: "a-secret-of-the-tests",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: "admin-ui",
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code"],
        redirect_uris: ["http://127.0.0.1/callback"],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: SCOPE,
          audience: resource,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: () => CLAIMS,
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
