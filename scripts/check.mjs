// `npm run check`: types, lint and format, the kernel's bytes against their source, the house rules, and the size of
// the core as a browser gets it. Runs all of them and fails if one failed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const node = process.execPath
const steps = [
  ['types', node, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']],
  ['types of the pages', node, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'web/tsconfig.json']],
  ['lint and format', node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['generated kernel equals its source', node, ['scripts/build-wasm.mjs', '--check']],
  // Of the package as it is built.
  ['build', node, ['scripts/build.mjs']],
  ['house rules', node, ['node_modules/vitest/vitest.mjs', 'run', 'test/house']],
  ['size of the core', node, ['scripts/size.mjs']],
]

let failed = 0
for (const [name, command, args] of steps) {
  console.log(`\n== ${name}`)
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  if (status !== 0) failed++
  console.log(status === 0 ? `ok: ${name}` : `FAILED: ${name}`)
}
console.log(failed === 0 ? '\nall checks passed' : `\n${failed} of ${steps.length} checks failed`)
process.exit(failed === 0 ? 0 : 1)
