// Draws docs/img/architecture.svg (the floors and rooms of src/) and docs/img/imports.svg (who imports whom), both from
// the imports as they are. `npm run pictures`; test/house/pictures.test.ts fails when a room or a floor is missing.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle-run.mjs'

const folder = await bundle('pictures', {
  floors: 'test/house/floors.ts',
  imports: 'test/house/imports.ts',
  palette: 'src/report/palette.ts',
  svg: 'src/report/svg.ts',
})
const load = (name) => import(new URL(`${name}.mjs`, folder).href)
const [{ FLOORS, floorOf, MAY_IMPORT }, { filesUnder, importsOf }, { modelColors }, { tag, label }] =
  await Promise.all(['floors', 'imports', 'palette', 'svg'].map(load))

const WIDTH = 800
const INK = '#1d1f23'
const QUIET = '#5f6470'
const RULE = '#dedbd2'
const PAPER = '#fcfbf8'
const CARD = '#ffffff'
const STYLE = `text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:${INK}}
.title{font-size:17px;font-weight:600}.name{font-size:14px;font-weight:600}.what,.note{fill:${QUIET};font-size:12px}
.count{fill:${QUIET};font-size:11.5px;text-anchor:end}.cell{font-size:11px;text-anchor:middle;font-weight:600}`

/** What a room holds, in the words that fit into its box. */
const ROOMS = {
  base: ['ground', 'errors, checks, clock'],
  kernel: ['ground', 'matrices: JS, WASM, C++'],
  models: ['ground', 'prices, kinds of tokens'],
  features: ['ground', 'prompts into numbers'],
  bandit: ['state', 'arms, scan, priors, drift'],
  events: ['state', 'definitions and bytes'],
  state: ['state', 'the fold, snapshots'],
  policy: ['policies', 'what a policy is'],
  'a policy': ['policies', 'dollar, paper, thompson: a folder each'],
  policies: ['policies', 'the list of policies'],
  router: ['service', 'route, settle, reward'],
  log: ['service', 'outbox, replicas, leases'],
  store: ['service', 'memory, SQLite, Redis'],
  root: ['service', 'create-router.ts, index.ts'],
  prices: ['tools', 'public price lists'],
  report: ['tools', 'charts'],
  replay: ['tools', 'recorded traffic, reports'],
  evaluate: ['tools', 'what-if estimates'],
  rewards: ['tools', 'judge, checks, thumbs'],
  adapters: ['tools', 'openai, AI SDK, LangChain'],
  gateway: ['tools', 'the engine behind one base URL'],
  cli: ['tools', 'one file a command'],
}
const GROUPS = {
  tools: 'tools',
  service: 'router, log and stores',
  policies: 'policies',
  state: 'state',
  ground: 'ground',
}
// The palette deals colours by price; ground is left out of it and takes the grey of what has no colour.
const priced = ['state', 'policies', 'service', 'tools']
const colorOf = modelColors(priced.map((id, i) => ({ id, inputUsdPerMTok: i + 1, outputUsdPerMTok: i + 1 })))

const rooms = FLOORS.map(([room]) => room)
const undescribed = rooms.filter((room) => ROOMS[room] === undefined)
if (undescribed.length > 0)
  throw new Error(`scripts/architecture-picture.mjs does not describe ${undescribed}`)
const sources = filesUnder('src').filter((file) => file.endsWith('.ts'))
const fileCounts = countBy(sources.map(floorOf))
const importCounts = countBy(
  sources.flatMap(importsOf).flatMap(({ file, target }) => {
    const [from, to] = [floorOf(file), target === null ? undefined : floorOf(target)]
    return to === undefined || from === to ? [] : [`${from} ${to}`]
  }),
)
const floors = stack()
save('architecture', house())
save('imports', matrix())

function countBy(keys) {
  const counts = new Map()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

/** Rooms by floor, the top one first: each as high as those that may import it allow. */
function stack() {
  const users = (room) => rooms.filter((other) => MAY_IMPORT[other].includes(room))
  const depths = new Map()
  const depthOf = (room) => {
    if (!depths.has(room)) depths.set(room, Math.max(-1, ...users(room).map(depthOf)) + 1)
    return depths.get(room)
  }
  const rows = []
  for (const room of rooms) {
    const depth = depthOf(room)
    rows[depth] = [...(rows[depth] ?? []), room]
  }
  return rows
}

function color(room) {
  return colorOf(ROOMS[room][0])
}

function house() {
  const [left, top, rowHeight, boxHeight] = [56, 92, 66, 42]
  const right = WIDTH - 24
  const boxes = new Map()
  floors.forEach((row, depth) => {
    const gap = 20
    const least = row.map((room) => Math.max(186, 7 * ROOMS[room][1].length + 20))
    const wanted = row.map((room, i) => Math.max(least[i], 150 + 3 * fileCounts.get(room)))
    // What a row has room for beyond the least of each is shared by what each wants beyond it.
    const sum = (values) => values.reduce((a, b) => a + b, 0)
    const spare = right - left - gap * (row.length - 1) - sum(least)
    const share = Math.min(1, spare / Math.max(1, sum(wanted) - sum(least)))
    const widths = least.map((width, i) => width + share * (wanted[i] - width))
    const total = sum(widths) + gap * (row.length - 1)
    let x = (left + right - total) / 2
    row.forEach((room, i) => {
      boxes.set(room, { x, y: top + depth * rowHeight, width: widths[i] })
      x += widths[i] + gap
    })
  })
  const bands = floors.map((_, depth) => {
    const y = top + depth * rowHeight - 6
    return (
      tag('rect', {
        x: left - 40,
        y,
        width: right - left + 40,
        height: boxHeight + 12,
        rx: 6,
        fill: '#f1eee6',
        opacity: 0.7,
      }) +
      label(String(floors.length - 1 - depth), left - 24, y + 31, { class: 'note', 'text-anchor': 'middle' })
    )
  })
  const arrows = floors
    .slice(0, -1)
    .flatMap((row, depth) =>
      row.flatMap((from) => floors[depth + 1].map((to) => arrow(boxes, boxHeight, from, to))),
    )
  const drawn = [...boxes].map(([room, { x, y, width }]) => {
    const count = fileCounts.get(room) ?? 0
    return tag(
      'g',
      { 'data-room': room, 'data-floor': floors.length - 1 - floors.findIndex((row) => row.includes(room)) },
      tag('rect', {
        x,
        y,
        width,
        height: boxHeight,
        rx: 5,
        fill: CARD,
        stroke: color(room),
        'stroke-width': 1.5,
      }),
      tag('rect', { x, y, width: 6, height: boxHeight, rx: 2, fill: color(room) }),
      label(room, x + 16, y + 18, { class: 'name' }),
      label(`${count} files`, x + width - 10, y + 18, { class: 'count' }),
      label(ROOMS[room][1], x + 16, y + 34, { class: 'what' }),
    )
  })
  const height = top + floors.length * rowHeight + 8
  return drawing('The floors and rooms of src/', height, [
    label('The floors of src/', 16, 30, { class: 'title' }),
    label(
      'Code imports from floors below, types included, and nothing else. Arrows: imports to the next floor, by number.',
      16,
      50,
      { class: 'note' },
    ),
    legend(16, 70),
    ...bands,
    ...arrows,
    ...drawn,
  ])
}

/** From the foot of a box to the head of one on the next floor, as thick as there are imports. */
function arrow(boxes, boxHeight, from, to) {
  const count = importCounts.get(`${from} ${to}`)
  if (count === undefined) return ''
  const [a, b] = [boxes.get(from), boxes.get(to)]
  // Ends spread along the boxes towards each other, so that several arrows of one box stay apart.
  const middle = (box) => box.x + box.width / 2
  const shift = (box, other) =>
    Math.max(-0.32, Math.min(0.32, (middle(other) - middle(box)) / 900)) * box.width
  const [x1, y1] = [middle(a) + shift(a, b), a.y + boxHeight]
  const [x2, y2] = [middle(b) + shift(b, a), b.y]
  const thick = 1 + Math.sqrt(count)
  const tip = 5 + thick / 2
  const bend = (y1 + y2) / 2
  return (
    tag('path', {
      d: `M${x1},${y1}C${x1},${bend} ${x2},${bend} ${x2},${y2 - tip}`,
      fill: 'none',
      stroke: color(from),
      'stroke-width': thick,
      opacity: 0.75,
    }) +
    tag('path', {
      d: `M${x2 - tip},${y2 - tip}L${x2 + tip},${y2 - tip}L${x2},${y2 - 1}Z`,
      fill: color(from),
    })
  )
}

function legend(x, y) {
  let at = x
  return Object.entries(GROUPS)
    .map(([group, text]) => {
      const begin = at
      at += 38 + 6.4 * text.length
      return (
        tag('rect', { x: begin, y: y - 9, width: 11, height: 11, rx: 2, fill: colorOf(group) }) +
        label(text, begin + 17, y + 1, { class: 'note' })
      )
    })
    .join('')
}

/** A row a room that imports, a column a room that is imported: all of it lies on one side of the diagonal. */
function matrix() {
  const order = floors.flat()
  const [left, top, size] = [96, 118, 34]
  const largest = Math.max(...importCounts.values())
  const parts = []
  order.forEach((room, i) => {
    const [x, y] = [left + i * size, top + i * size]
    parts.push(
      tag('rect', {
        x: left,
        y,
        width: order.length * size,
        height: size,
        fill: i % 2 === 0 ? '#f1eee6' : CARD,
        opacity: 0.55,
      }),
      label(room, left - 10, y + size / 2 + 4, { 'text-anchor': 'end', 'font-weight': 600 }),
      label(room, x + size / 2 - 2, top - 8, {
        transform: `rotate(-45 ${x + size / 2 - 2} ${top - 8})`,
        'font-weight': 600,
      }),
      tag('rect', { x: x + 3, y: y + 3, width: size - 6, height: size - 6, rx: 4, fill: color(room) }),
    )
  })
  order.forEach((from, row) => {
    order.forEach((to, column) => {
      const count = importCounts.get(`${from} ${to}`)
      if (count === undefined) return
      const [x, y] = [left + column * size, top + row * size]
      const opacity = 0.18 + 0.72 * Math.sqrt(count / largest)
      parts.push(
        tag(
          'g',
          { 'data-from': from, 'data-to': to },
          tag('rect', {
            x: x + 2,
            y: y + 2,
            width: size - 4,
            height: size - 4,
            rx: 4,
            fill: color(from),
            opacity: opacity.toFixed(2),
          }),
          label(String(count), x + size / 2, y + size / 2 + 4, { class: 'cell' }),
        ),
      )
    })
  })
  const [noteX, noteY] = [left + 12, top + order.length * size - 96]
  parts.push(
    tag('rect', { x: noteX - 12, y: noteY - 24, width: 246, height: 120, rx: 6, fill: PAPER, stroke: RULE }),
    ...[
      'A row: the room that imports.',
      'A column: the room that is imported.',
      'A number: how many imports.',
      'Below the diagonal: imports from',
      'floors above. It is empty.',
    ].map((text, i) => label(text, noteX, noteY + 19 * i, { class: 'note' })),
  )
  return drawing('Imports between the rooms of src/', top + order.length * size + 16, [
    label('Who imports whom', 16, 30, { class: 'title' }),
    ...parts,
  ])
}

/** On a light card of its own, so that it reads the same on dark pages. */
function drawing(name, height, parts) {
  return tag(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${height}`,
      width: WIDTH,
      height,
      role: 'img',
      'aria-label': name,
    },
    `<style>${STYLE}</style>`,
    tag('rect', { width: WIDTH, height, rx: 8, fill: PAPER }),
    ...parts,
  )
}

function save(name, svg) {
  const file = fileURLToPath(new URL(`../docs/img/${name}.svg`, import.meta.url))
  writeFileSync(file, `${svg}\n`)
  console.log(file)
}
