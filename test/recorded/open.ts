import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoggedEvent } from '../../src/events/event-map.js'
import type { createRouter, Router, RouterOptions } from '../../src/index.js'
import type { redisStore } from '../../src/store/redis/index.js'
import type { sqliteStore } from '../../src/store/sqlite/index.js'
import type { Form, Recording } from './format.js'
import { plain } from './plain.js'
import { readLines } from './read-text.js'
import { type Command, playCommands } from './redis-commands.js'

/** The release that opens: the recorder's is a built one, the test's the source. */
export interface Library {
  readonly createRouter: typeof createRouter
  /** The event that bytes hold, of any policy. */
  readonly decodeEvent: (bytes: Uint8Array) => LoggedEvent
  readonly sqliteStore: typeof sqliteStore
  readonly redisStore: typeof redisStore
}

/** What a recording is opened with. */
export interface Source {
  readonly library: Library
  readonly folder: string
  readonly recording: Recording
  readonly form: Form
  /** Of a Redis of its own, which is emptied. */
  readonly redisUrl: string | null
  readonly kernel: 'js' | 'wasm'
}

export interface Opened {
  readonly router: Router
  readonly clock: { now: number }
  /** What opening told: alarms while events were folded, how the state was found in a store. */
  readonly opening: unknown
  /** What ids of its requests begin with, where that is another each time: told as `own`. */
  readonly ownName: string | null
  close(): Promise<void>
}

/**
 * Opens a form again. The routes of a shared log also depend on what its processes have leased of the caps, and that on
 * the server's time: to go on from one, its state is taken over by a router of its own.
 */
export async function open(source: Source, purpose: 'look' | 'go on'): Promise<Opened> {
  const { kind } = source.form
  if (kind === 'events') return await openEvents(source)
  if (kind === 'snapshot') return await openSnapshot(source, readFileSync(pathOf(source)))
  if (kind === 'sqlite') return await openSqlite(source)
  const replica = await openRedis(source)
  if (purpose === 'look') return replica
  const snapshot = replica.router.snapshot()
  const name = await nameOf(replica.router)
  await replica.close()
  const options = { ...source.recording.options, name }
  const opened = await openSnapshot({ ...source, recording: { ...source.recording, options } }, snapshot)
  return { ...opened, ownName: name }
}

/** What a process of a shared log calls itself: ids of its requests begin so. It routes one, once it may spend. */
async function nameOf(router: Router): Promise<string> {
  for (let left = 500; left > 0; left--) {
    try {
      const { id } = router.routeMany([new Float64Array(router.stats().dimension).fill(1)])[0]
      return id.slice(0, id.lastIndexOf('.'))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'BUDGET_EXHAUSTED')) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  throw new Error('this process never gets a lease')
}

/** The bytes of `events.txt.gz`: base64, an event a line. */
export function readEvents(file: string): Uint8Array[] {
  return readLines(file).map((line) => new Uint8Array(Buffer.from(line, 'base64')))
}

async function openEvents(source: Source): Promise<Opened> {
  const opened = await openWith(source, {})
  const drifts: unknown[] = []
  const end = opened.router.on('drift', ({ model, signal, direction }) => {
    drifts.push({ model, signal, direction })
  })
  for (const bytes of readEvents(pathOf(source))) opened.router.apply(source.library.decodeEvent(bytes))
  end()
  return { ...opened, opening: { drifts } }
}

async function openSnapshot(source: Source, bytes: Uint8Array): Promise<Opened> {
  const opened = await openWith(source, {})
  opened.router.restore(new Uint8Array(bytes))
  return opened
}

async function openSqlite(source: Source): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-recorded-'))
  const copy = join(folder, source.form.file)
  copyFileSync(pathOf(source), copy)
  const opened = await openWith(source, { store: source.library.sqliteStore(copy) })
  const close = async () => {
    await opened.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...opened, opening: await openingOf(opened.router), close }
}

async function openRedis(source: Source): Promise<Opened> {
  const { redisUrl, recording, library } = source
  if (redisUrl === null || recording.stream === null) throw new Error('a Redis is needed')
  await playCommands(
    redisUrl,
    readLines(pathOf(source)).map((line) => JSON.parse(line) as Command),
  )
  const store = library.redisStore({ url: redisUrl, stream: recording.stream })
  const opened = await openWith(source, { store })
  return { ...opened, opening: await openingOf(opened.router) }
}

async function openWith(
  { library, recording, form, kernel }: Source,
  more: Pick<RouterOptions, 'store'>,
): Promise<Opened> {
  const clock = { now: form.at }
  const router = await library.createRouter({ ...recording.options, kernel, ...more, clock: () => clock.now })
  return { router, clock, opening: null, ownName: null, close: () => router.close() }
}

async function openingOf(router: Router): Promise<unknown> {
  const { recovery } = router
  if (recovery === null) throw new Error('expected a router with a store')
  const { isNew, fromSnapshot, folded, refused, differences } = recovery
  const { position } = await router.digest()
  return plain({ isNew, fromSnapshot, folded, refused, differences, position })
}

function pathOf({ folder, form }: Source): string {
  return join(folder, form.file)
}
