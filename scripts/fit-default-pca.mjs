// Fits the PCA that the package ships and writes it as src/features/default-pca.generated.ts.
// node scripts/fit-default-pca.mjs DATA.jsonl     one JSON object a line, with a field `prompt`
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const OUT = new URL('../src/features/default-pca.generated.ts', import.meta.url)
const data = process.argv[2]
if (data === undefined) {
  console.error('usage: node scripts/fit-default-pca.mjs DATA.jsonl')
  process.exit(2)
}

const bundle = await build({
  entryPoints: [fileURLToPath(new URL('../src/features/pca.ts', import.meta.url))],
  bundle: true,
  format: 'esm',
  write: false,
})
const source = Buffer.from(bundle.outputFiles[0].contents).toString('base64')
const { fitPca, pcaFingerprint, pcaToBytes } = await import(`data:text/javascript;base64,${source}`)

const prompts = readFileSync(data, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line).prompt)
const pca = fitPca(prompts)
const bytes = pcaToBytes(pca)
const base64 = Buffer.from(bytes).toString('base64')
writeFileSync(
  OUT,
  `// Written by scripts/fit-default-pca.mjs: a PCA file (see pca-codec.ts) of ${bytes.length} bytes, in base64.
export const DEFAULT_PCA_BASE64: string =
  '${base64}'
`,
)
console.log(
  `${prompts.length} prompts, ${pca.components} components, ${pca.buckets} buckets: ` +
    `${bytes.length} bytes, ${base64.length} in base64, fingerprint ${pcaFingerprint(pca)}`,
)
