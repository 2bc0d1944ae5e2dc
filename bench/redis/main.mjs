// Events per second through one local Redis, which it starts; bytes an event takes there.
// npm run bench:redis [-- --events N --batch N]
import { bundle } from '../../scripts/bundle-run.mjs'

const build = await bundle('bench-redis', {
  run: 'bench/redis/run.ts',
  replica: 'bench/redis/replica.ts',
})
const { main } = await import(new URL('run.mjs', build).href)
process.exitCode = await main(process.argv.slice(2), new URL('replica.mjs', build))
