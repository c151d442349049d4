import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressAssets } from "../compressAssets.ts";

export default defineConfig({
  plugins: [react(), compressAssets()],
  // Addresses in scripts and styles are relative, so that a proxy may serve the page under a path prefix. The page itself
  // answers at several depths (/groups, /groups/…), so the server writes the way up to the root into it.
  base: "./",
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `__root__/admin/${name}` : { relative: true }),
  },
  // The server replaces the placeholder in each response. Vite and Mantine write style elements with this nonce.
  html: { cspNonce: "__nonce__" },
  build: {
    outDir: "../dist/admin",
    emptyOutDir: true,
    // The content security policy allows no inline script, so Vite must not inline its polyfill.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    target: "es2023",
    cssTarget: ["chrome123", "firefox120", "safari17.5"], // the first with light-dark()
  },
  // `npm run dev` serves the sources with fast refresh, and sends requests to a server that runs on port 8000.
  server: { proxy: { "/graphql": "http://127.0.0.1:8000" } },
});
