// Writes a .br and a .gz beside each text file of dist: the app serves them as they are, and Linux plans compress nothing.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const texts = /\.(html|js|css|svg|json|map|txt)$/;
const sizes = { plain: 0, br: 0, gz: 0 };

for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, String(name));
  if (!statSync(path).isFile() || !texts.test(path)) continue;
  const plain = readFileSync(path);
  const br = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  const gz = gzipSync(plain, { level: 9 });
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gz);
  sizes.plain += plain.length;
  sizes.br += br.length;
  sizes.gz += gz.length;
}

const kilobytes = (bytes) => `${Math.round(bytes / 1000)} kB`;
console.log(`console/dist: ${kilobytes(sizes.plain)}, gzip ${kilobytes(sizes.gz)}, brotli ${kilobytes(sizes.br)}`);
