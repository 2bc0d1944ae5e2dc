// Writes the marked parts of docs/PERFORMANCE.md and its plots from what the benches have measured:
//     npm run bench -- --json FILE
//     npm run bench:browser -- --json BROWSER
//     node scripts/ten-million.mjs > TEXT
//     node scripts/performance.mjs FILE [--browser BROWSER] [--ten-million TEXT]
// Sections whose file is not given stay as they are.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const USAGE = 'usage: node scripts/performance.mjs FILE [--browser FILE] [--ten-million FILE]'

const { files, browser, tenMillion } = readFlags()
const build = await bundle('performance', { performance: 'bench/report/performance.ts' })
const { writePerformance } = await import(new URL('performance.mjs', build).href)
writePerformance(new URL('../', import.meta.url), {
  report: readJson(files[0]),
  browser: browser === undefined ? null : readJson(browser),
  tenMillion: tenMillion === undefined ? null : read(tenMillion),
})

function readJson(file) {
  try {
    return JSON.parse(read(file))
  } catch (error) {
    refuse(`${file}: ${error.message}`)
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    refuse(error.message)
  }
}

function refuse(message) {
  console.error(message)
  process.exit(2)
}

function readFlags() {
  try {
    const options = { browser: { type: 'string' }, 'ten-million': { type: 'string' } }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (positionals.length !== 1) throw new Error('one file of `npm run bench -- --json` is needed')
    return { files: positionals, browser: values.browser, tenMillion: values['ten-million'] }
  } catch (error) {
    refuse(`${error.message.split('. ')[0]}; ${USAGE}`)
  }
}
