import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  // Nothing is fetched before it is needed, and no polyfill is put inline: the page allows no inline script.
  build: { modulePreload: { polyfill: false }, chunkSizeWarningLimit: 10_000, target: "es2023" },
  worker: { format: "es" },
});
