import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const SMALLEST_COMPRESSED_BYTES = 1_000;

/** Writes a gzip copy beside each asset. The server sends it to browsers that accept gzip. */
function compressAssets() {
  return {
    name: "compress-assets",
    async writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        const content = await readFile(join(dir, name));
        if (name.startsWith("assets/") && content.length >= SMALLEST_COMPRESSED_BYTES) {
          await writeFile(join(dir, `${name}.gz`), gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [compressAssets()],
  // Every address is relative, so that a proxy may serve the page under a path prefix. The page itself is at /graphiql.
  base: "./",
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `graphiql/${name}` : { relative: true }),
  },
  // The content security policy allows no inline script, so Vite must not inline its polyfill.
  build: { modulePreload: { polyfill: false }, chunkSizeWarningLimit: 10_000, target: "es2023" },
  worker: { format: "es" },
});
