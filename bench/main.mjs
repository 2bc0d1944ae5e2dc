// npm run bench -- [--quick] [--filter REGEX] [--json FILE] [--markdown]
import { bundle } from '../scripts/bundle-run.mjs'

const build = await bundle('bench', { run: 'bench/run.ts', worker: 'bench/worker.ts' })
const { main } = await import(new URL('run.mjs', build).href)
process.exitCode = await main(process.argv.slice(2), { root: new URL('../', import.meta.url), build })
