import { defineConfig } from "vite";
import { compressAssets } from "../compressAssets.ts";

export default defineConfig({
  plugins: [compressAssets()],
  // Every address is relative, so that a proxy may serve the page under a path prefix. The page itself is at /graphiql.
  base: "./",
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `graphiql/${name}` : { relative: true }),
  },
  build: {
    outDir: "../dist/graphiql",
    emptyOutDir: true,
    // The content security policy allows no inline script, so Vite must not inline its polyfill.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 10_000,
    target: "es2023",
  },
  worker: { format: "es" },
});
