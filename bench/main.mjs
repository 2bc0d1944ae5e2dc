// npm run bench -- [--quick] [--filter REGEX] [--json FILE]
import { bundle } from '../scripts/bundle-run.mjs'

const folder = await bundle('bench', { run: 'bench/run.ts', worker: 'bench/worker.ts' })
const { main } = await import(new URL('run.mjs', folder).href)
process.exitCode = await main(process.argv.slice(2), new URL('worker.mjs', folder))
