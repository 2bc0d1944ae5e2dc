// Guards speed by ratios alone, which hold on any machine: node scripts/bench-guard.mjs (npm run bench:guard).
// A ratio under its floor is measured once more; exits 1 when it stays there.
import { bundle } from './bundle-run.mjs'

const build = await bundle('bench-guard', { guard: 'bench/guard.ts' })
const { guardedRatios, measureRatio } = await import(new URL('guard.mjs', build).href)

const { ratios, leftOut } = await guardedRatios()
for (const line of leftOut) console.log(`left out: ${line}`)
let failed = 0
for (const guarded of ratios) {
  if (!holds(measureRatio(guarded)) && !holds(measureRatio(guarded))) failed++
}
console.log(failed === 0 ? 'every ratio holds' : `${failed} of ${ratios.length} ratios failed twice`)
process.exitCode = failed === 0 ? 0 : 1

/** Says what was measured. */
function holds({ what, ratio, floor }) {
  const good = ratio >= floor
  console.log(
    `${good ? 'ok  ' : 'LOW '} ${ratio.toFixed(2).padStart(6)}x, floor ${floor.toFixed(2)}x: ${what}`,
  )
  return good
}
