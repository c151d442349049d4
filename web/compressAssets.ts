import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const SMALLEST_COMPRESSED_BYTES = 1_000;

/** Writes a gzip copy beside each asset. The server sends it to browsers that accept gzip. */
export function compressAssets(): Plugin {
  return {
    name: "compress-assets",
    async writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle)) {
        const file = join(dir!, name);
        const content = await readFile(file);
        if (name.startsWith("assets/") && content.length >= SMALLEST_COMPRESSED_BYTES) {
          await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
        }
      }
    },
  };
}
