// npm run site [-- --out FOLDER] [-- --root FOLDER]
// Builds the site: the README as its first page, the docs and the changelog as pages with search, the pictures, and the
// playground. Static files with relative links: they can be served under any path. Fails (exit code 1) when a link, an
// anchor or a picture leads nowhere. --root: another checkout whose texts are taken; default: this one.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { buildSite } from './site/build.mjs'

const here = fileURLToPath(new URL('..', import.meta.url))
const { root, out } = readFlags()

const { faults, count } = await buildSite(root, out)
for (const fault of faults) console.error(fault)
if (faults.length > 0) {
  console.error(`${faults.length} ${faults.length === 1 ? 'link leads' : 'links lead'} nowhere`)
  process.exitCode = 1
} else {
  console.log(`${out}: ${count} pages and the playground; every link leads somewhere`)
  console.log(`playground/page.js: ${sizeOf(join(out, 'playground/page.js'))}`)
}

function sizeOf(file) {
  const bytes = readFileSync(file)
  const [whole, gzipped] = [bytes.length, gzipSync(bytes).length].map((size) => size.toLocaleString('en'))
  return `${whole} bytes, ${gzipped} gzipped`
}

function readFlags() {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' }, root: { type: 'string' } } })
    return { root: resolve(values.root ?? here), out: resolve(values.out ?? `${here}/build/site`) }
  } catch (error) {
    console.error(`${error.message.split('. ')[0]}; usage: npm run site [-- --out FOLDER --root FOLDER]`)
    return process.exit(2)
  }
}
