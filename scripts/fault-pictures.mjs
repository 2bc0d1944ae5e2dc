// Draws docs/img/faults/*.svg: what a fault does to a router, as release 0.1.0 took it and as it is taken now.
//
//     npm run pictures                                              # measures dist/ and draws
//     node scripts/fault-pictures.mjs --record CHECKOUT [--only X]  # measures a built checkout of a release, once
//
// A fault is a file in scripts/faults/. It exports
//     name      of its picture and of its figures
//     title     and `about`, a sentence below it
//     panels    each { key, title, xLabel?, yLabel, yDomain, yFormat, requests, phases? }, side by side
//     measure   (library) => { [key]: [[request, value], ...] }: plays it on a library as users import it, the same each time
// What --record measures goes into scripts/faults/before.json, under the release's version, and stays.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle-run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const FAULTS = join(root, 'scripts/faults')
const BEFORE = join(FAULTS, 'before.json')
const OUT = join(root, 'docs/img/faults')
const PANEL = { width: 420, height: 260, gap: 28 }
const TOP = 92
const KEY = { y: 70, line: 22, width: 130 }
const SIDE = 20
const BEFORE_COLOR = '#c4541b'
const AFTER_COLOR = '#0072b2'
const STYLE = `text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1d1f23}
.title{font-size:17px;font-weight:600}.key{stroke-width:3}.note,.axis,.tick,.phase{fill:#5f6470}.name{font-weight:600}
.grid{stroke:#dedbd2;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}.end{font-weight:600}
.band{fill:#f1eee6}.phase-line{stroke:#bdb8aa;stroke-dasharray:3 3;fill:none}`

const { values: flags } = parseArgs({ options: { record: { type: 'string' }, only: { type: 'string' } } })
const before = existsSync(BEFORE) ? JSON.parse(readFileSync(BEFORE, 'utf8')) : {}
const faults = await Promise.all(
  readdirSync(FAULTS)
    .filter((file) => file.endsWith('.mjs'))
    .sort()
    .map((file) => import(pathToFileURL(join(FAULTS, file)).href)),
)
const wanted = faults.filter(({ name }) => flags.only === undefined || name === flags.only)
if (flags.record === undefined) await draw()
else await record(resolve(flags.record))

async function record(checkout) {
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const library = await libraryOf(checkout)
  before.about = `Figures of a release, measured by: node scripts/fault-pictures.mjs --record CHECKOUT (npm ci && npm run build there)`
  for (const { name, measure } of wanted) before[name] = { release: version, ...(await measure(library)) }
  writeFileSync(BEFORE, `${JSON.stringify(before)}\n`)
}

function libraryOf(checkout) {
  return import(pathToFileURL(join(checkout, 'dist/index.js')).href)
}

async function draw() {
  const folder = await bundle('fault-pictures', {
    chart: 'src/report/line-chart.ts',
    svg: 'src/report/svg.ts',
  })
  const load = (name) => import(new URL(`${name}.mjs`, folder).href)
  const [{ lineChart }, { tag, label }] = await Promise.all(['chart', 'svg'].map(load))
  const library = await libraryOf(root)
  mkdirSync(OUT, { recursive: true })
  for (const fault of wanted) {
    const { name, panels, measure } = fault
    if (before[name] === undefined)
      throw new Error(`${BEFORE} has no figures of '${name}': record them, see the top of this script`)
    const after = await measure(library)
    writeFileSync(join(OUT, `${name}.svg`), pictureOf(fault, before[name], after, { lineChart, tag, label }))
    console.log(`docs/img/faults/${name}.svg: ${panels.length} panels`)
  }
}

function pictureOf({ title, about, panels }, recorded, measured, { lineChart, tag, label }) {
  const width = 2 * SIDE + panels.length * (PANEL.width + PANEL.gap) - PANEL.gap
  const height = TOP + 24 + PANEL.height + 14
  const charts = panels.map(({ key, title: name, ...panel }, i) => {
    const lineOf = (of, text, color) => ({ label: text, hint: text, color, samples: of[key] })
    const series = [lineOf(recorded, recorded.release, BEFORE_COLOR), lineOf(measured, 'now', AFTER_COLOR)]
    const chart = lineChart({ xLabel: 'requests', yScale: 'linear', ...panel, series }, PANEL)
    const x = SIDE + i * (PANEL.width + PANEL.gap)
    return tag(
      'g',
      { transform: `translate(${x} ${TOP})` },
      label(name, 0, 8, { class: 'name' }),
      tag('g', { transform: 'translate(0 24)' }, chart),
    )
  })
  const keyOf = (place, text, color) => {
    const x = SIDE + place * KEY.width
    const stroke = { x1: x, x2: x + KEY.line, y1: KEY.y - 4, y2: KEY.y - 4, stroke: color, class: 'key' }
    return tag('line', stroke) + label(text, x + KEY.line + 6, KEY.y)
  }
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height }
  return `${tag(
    'svg',
    { ...attributes, role: 'img', 'aria-label': title },
    tag('style', {}, STYLE),
    tag('rect', { width, height, fill: '#fcfbf8' }),
    label(title, SIDE, 28, { class: 'title' }),
    label(about, SIDE, 48, { class: 'note' }),
    keyOf(0, `release ${recorded.release}`, BEFORE_COLOR),
    keyOf(1, 'as it is now', AFTER_COLOR),
    ...charts,
  )}\n`
}
