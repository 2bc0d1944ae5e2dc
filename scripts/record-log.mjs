// Records logs and snapshots as this release writes them into test/recorded/v<version>/, with what they fold to; see
// test/recorded/README.md. Runs on the built dist/. The folder of a release is never written again; that of a version to
// come (`-dev`) is, and goes when the release is recorded. `--missing` records what has no folder there yet, and leaves the rest.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { createRouter, fitPriors } from '../dist/index.js'
import { memoryStore } from '../dist/store/memory.js'
import { redisStore } from '../dist/store/redis.js'
import { sqliteStore } from '../dist/store/sqlite.js'
import { bundle } from './bundle-run.mjs'
import { changesRecording } from './record/changes.mjs'
import { dollarRecording } from './record/dollar.mjs'
import { limitsRecording } from './record/limits.mjs'
import { paperRecording } from './record/paper.mjs'
import { playShared, redisRecordings } from './record/redis.mjs'
import { textRecording } from './record/text.mjs'
import { tokenRecordings } from './record/tokens.mjs'
import { WANTED } from './record/wanted.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const out = join(root, 'test/recorded', `v${version}`)
const STEPS = 50
const STEPS_OF_SNAPSHOTS = 15

const isToCome = version.endsWith('-dev')
const isMissingOnly = isToCome && process.argv.includes('--missing')
if (existsSync(out) && !isToCome) {
  console.error(`${out} is there: what a release has written is not recorded again`)
  process.exit(1)
}

const folder = 'test/recorded'
const built = await bundle('record', {
  codec: 'src/events/codec.ts',
  kinds: 'src/models/token-kinds.ts',
  usage: 'src/models/usage/usage.ts',
  events: 'src/policy/all-events.ts',
  observe: `${folder}/observe.ts`,
  open: `${folder}/open.ts`,
  plain: `${folder}/plain.ts`,
  variety: `${folder}/variety.ts`,
  redis: `${folder}/redis-commands.ts`,
  server: 'test/support/redis-server.ts',
})
const part = (name) => import(new URL(`${name}.mjs`, built))
const codec = await part('codec')
const { ALL_EVENTS, ALL_EVENT_TABLE } = await part('events')
const { TOKEN_KIND_ROWS } = await part('kinds')
const { USAGE_FLAGS } = await part('usage')
const decodeEvent = (bytes) => codec.decodeEvent(bytes, ALL_EVENT_TABLE)
const { observe } = await part('observe')
const { open } = await part('open')
const { plain } = await part('plain')
const { together, typesOf, varietyOf } = await part('variety')
const { dumpCommands } = await part('redis')
const { RedisServer } = await part('server')
const library = { createRouter, decodeEvent, redisStore, sqliteStore }

const server = isToCome ? null : await RedisServer.start()
const temporary = mkdtempSync(join(tmpdir(), 'paretobandit-record-'))
try {
  if (!isMissingOnly) rmSync(out, { recursive: true, force: true })
  const varieties = []
  for (const make of [...tokenRecordings(), limitsRecording, changesRecording])
    varieties.push(await recordOnce(make))
  const wanted = {
    'settled.tokens': TOKEN_KIND_ROWS.map(({ name }) => name),
    'settled.usageFlags': USAGE_FLAGS.filter((flag) => flag !== 'retry-too-long'),
    'failed.usageFlags': ['retry-too-long'],
    'capped.tenant': ['null', 'text'],
    'capped.byTenant': ['true', 'false'],
    'estimator-set.began': ['list'],
    'model-disabled.by': ['text'],
  }
  if (!isToCome) {
    for (const make of [dollarRecording, paperRecording, textRecording])
      varieties.push(await recordSole(make))
    for (const shared of redisRecordings()) varieties.push(await recordShared(shared))
    Object.assign(wanted, WANTED)
  }
  const variety = together(varieties)
  const types = [...new Set(Object.keys(variety).map((key) => key.split('.')[0]))].sort()
  const logged = ALL_EVENTS.filter(({ code }) => code !== null).map(({ type }) => type)
  if (!isToCome) assert.deepEqual(types, logged.sort())
  for (const [field, kinds] of Object.entries(wanted))
    for (const kind of kinds)
      assert.ok(variety[field]?.includes(kind), `no ${field} is ${kind}: ${variety[field]}`)
  writeJson(join(out, 'release.json'), { release: version, types, variety })
  if (!isToCome) rmSync(`${out}-dev`, { recursive: true, force: true })
} catch (error) {
  // Half a recording is useless.
  if (!isMissingOnly) rmSync(out, { recursive: true, force: true })
  throw error
} finally {
  await server?.stop()
  rmSync(temporary, { recursive: true, force: true })
}

/** @returns the variety of its events, of one that stays as it is too */
async function recordOnce(make) {
  const place = join(out, make({ fitPriors }).name)
  if (existsSync(place)) return JSON.parse(readFileSync(join(place, 'recording.json'), 'utf8')).variety
  try {
    return await recordSole(make)
  } catch (error) {
    rmSync(place, { recursive: true, force: true })
    throw error
  }
}

/** The same events in memory, in SQLite, and in SQLite with snapshots and nothing kept behind them. */
async function recordSole(make) {
  const { name, snapshotEvents, isBrief } = make({ fitPriors })
  const stores = [
    { store: memoryStore(), journal: {} },
    ...(isBrief ? [] : [{ file: 'log.sqlite', journal: {} }]),
    { file: 'log-with-snapshots.sqlite', settings: { retainEvents: 0 }, journal: { snapshotEvents } },
  ]
  const place = join(out, name)
  mkdirSync(place, { recursive: true })
  const played = []
  for (const each of stores) {
    const path = each.file === undefined ? null : join(place, each.file)
    played.push(
      await playSole(make({ fitPriors }), () => each.store ?? sqliteStore(path, each.settings), each.journal),
    )
    if (path !== null) rmSync(`${path}-writer`, { force: true })
  }
  const [{ recording, events, marks }] = played
  for (const other of played) assert.deepEqual(other.events, events, `${name}: another log in another store`)
  const at = recording.world.now
  const requests = askedOf(recording, ['nobody.1'])
  const forms = [
    { kind: 'events', file: 'events.txt.gz', at, requests, steps: STEPS },
    ...stores.slice(1).map(({ file }) => ({ kind: 'sqlite', file, at, requests, steps: STEPS })),
    ...marks.map((mark) => {
      const file = `snapshot-${mark.name}.bin`
      writeFileSync(join(place, file), mark.bytes)
      return { kind: 'snapshot', file, at: mark.at, requests: mark.requests, steps: STEPS_OF_SNAPSHOTS }
    }),
  ]
  return await write(place, recording, events, forms)
}

async function playSole(recording, storeOf, journal) {
  const { world, options } = recording
  const events = []
  const marks = []
  let router = null
  const reopen = async (more) => {
    await router?.close()
    router = await createRouter({
      ...options,
      ...more,
      clock: () => world.now,
      store: recorded(storeOf(), events),
      journal,
    })
    return router
  }
  const mark = (name) =>
    marks.push({ name, at: world.now, bytes: router.snapshot(), requests: askedOf(recording, ['nobody.1']) })
  await recording.play(reopen, mark)
  return { recording, events, marks }
}

/** A store that tells the events that go into it. */
function recorded(store, events) {
  return {
    description: store.description,
    isShared: store.isShared,
    leases: store.leases,
    open: async (header, seed) => {
      const opened = await store.open(header, seed)
      if (opened.isNew) events.push(...seed.map((bytes) => bytes.slice()))
      return opened
    },
    append: async (batch) => {
      const position = await store.append(batch)
      events.push(...batch.events.map((bytes) => bytes.slice()))
      return position
    },
    read: (after, waitMs) => store.read(after, waitMs),
    snapshots: () => store.snapshots(),
    writeSnapshot: (snapshot) => store.writeSnapshot(snapshot),
    ...(store.isShared ? { claim: (task, ttlMs) => store.claim(task, ttlMs) } : {}),
    close: () => store.close(),
  }
}

async function recordShared(recording) {
  const { name, world, options, stream } = recording
  const place = join(out, name)
  mkdirSync(place, { recursive: true })
  const events = []
  const makeRouter = (more) =>
    createRouter({
      ...options,
      ...more,
      clock: () => world.now,
      store: recorded(redisStore({ url: server.url, stream, retainEvents: 60 }), events),
      journal: { snapshotEvents: 40 },
    })
  await playShared(recording, makeRouter)
  const commands = await dumpCommands(server.url, `{${stream}}:`)
  writeFileSync(join(place, 'redis.jsonl.gz'), gzipSync(lines(commands)))
  // No id that nobody knows: a shared log would wait for it.
  const requests = askedOf(recording, [])
  const form = { kind: 'redis', file: 'redis.jsonl.gz', at: world.now, requests, steps: STEPS }
  return await write(place, recording, events, [form])
}

/** Tells what forms fold to, and writes all but the forms themselves. @returns the variety of its events */
async function write(place, { about, options, stream, tenants, world, limits, optionsOf }, events, forms) {
  const decoded = events.map((bytes) => plain(decodeEvent(bytes)))
  const variety = varietyOf(decoded)
  const steps = world.steps(STEPS, optionsOf, limits)
  const recording = {
    about,
    options,
    stream,
    events: events.length,
    types: typesOf(decoded),
    variety,
    tenants,
    forms,
  }
  const encoded = events.map((bytes) => `${Buffer.from(bytes).toString('base64')}\n`)
  writeFileSync(join(place, 'events.txt.gz'), gzipSync(encoded.join('')))
  writeFileSync(join(place, 'events.jsonl.gz'), gzipSync(lines(decoded)))
  writeFileSync(join(place, 'continuation.json'), listOf(steps))
  writeJson(join(place, 'recording.json'), recording)
  const expected = { forms: {}, states: {} }
  for (const form of forms) {
    const source = { library, folder: place, recording, form, redisUrl: server?.url ?? null, kernel: 'js' }
    const seen = await observe((purpose) => open(source, purpose), recording, form, steps, null)
    const text = JSON.stringify(seen.state)
    const same = Object.entries(expected.states).find(([, state]) => JSON.stringify(state) === text)
    const state = same?.[0] ?? form.file
    if (form.file.includes('with-snapshots') || form.kind === 'redis') assert.ok(seen.opening.fromSnapshot)
    expected.states[state] ??= seen.state
    expected.forms[form.file] = { opening: seen.opening, state }
  }
  writeFileSync(join(place, 'expected.json.gz'), gzipSync(jsonOf(expected)))
  console.log(`${place}: ${events.length} events, ${Object.keys(expected.states).length} states`)
  return variety
}

/** The first requests, as many of the latest as the ring holds, some that it no longer does, and others. */
function askedOf({ world, options }, others) {
  const ids = world.routed.map(({ id }) => id)
  return [...new Set([...ids.slice(0, 2), ...ids.slice(-options.pendingCapacity - 6), ...others])]
}

function writeJson(file, value) {
  writeFileSync(file, jsonOf(value))
}

function jsonOf(value) {
  // -0 and the like would not come back: `plain` has written them as text.
  const text = `${JSON.stringify(value, null, 1)}\n`
  assert.deepEqual(JSON.parse(text), value)
  return text
}

function listOf(values) {
  return `[\n${values.map((value) => JSON.stringify(value)).join(',\n')}\n]\n`
}

function lines(values) {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}
