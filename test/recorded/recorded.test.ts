import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeEvent as decode } from '../../src/events/codec.js'
import { createRouter } from '../../src/index.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { differences } from './differences.js'
import type { Expected, Form, Json, Recording, Release, Step } from './format.js'
import { observe } from './observe.js'
import { type Library, open, readEvents } from './open.js'
import { plain } from './plain.js'
import { readLines, readText } from './read-text.js'
import { together, typesOf, varietyOf } from './variety.js'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const decodeEvent = (bytes: Uint8Array) => decode(bytes, ALL_EVENT_TABLE)
const LIBRARY: Library = { createRouter, decodeEvent, sqliteStore, redisStore }
/** Release 0.1.0 paid for every difference, however small: what is `indifference: 0` since. */
const LIBRARY_OF_0_1: Library = {
  ...LIBRARY,
  createRouter: (options) =>
    createRouter((options?.policy ?? 'dollar') === 'dollar' ? { indifference: 0, ...options } : options),
}

/**
 * Release 0.1.0 learned rewards as they were given, whatever their range: those of other ranges than [0, 1] raised alarms
 * at nothing, or never any. Since then they are learned as parts of their range, so what such a recording learned of
 * rewards, and what is decided by it, is no longer what it was; all else is, to the bit.
 */
const LEARNED_OF_REWARDS =
  /^(?:next|explanations)\b|(?:meanReward|recentMeanReward|rewardPerUsd|rewardAlarms|shadowPrice|infeasible)\b|\.arms\.|^arms\./i

/**
 * Release 0.1.0 shut models out by their mean cost and mean latency, for good. Since then `maxCostUsd` goes by the prompt,
 * `maxLatencyMs` by recent latencies, and models that were shut out are tried. So the next requests of such a recording are
 * decided as they were up to the first that has such a limit or is a try, and what follows from another decision differs.
 */
function isOfNewLimits(line: string, steps: readonly Step[], before: Json, now: Json): boolean {
  if (!line.startsWith('next.')) return false
  const [old, today] = [before, now].map(
    (state) =>
      (state as { readonly next: { readonly steps: readonly { readonly decision: Json }[] } }).next.steps,
  )
  const first = today.findIndex(({ decision }, i) => {
    const { maxCostUsd, maxLatencyMs } = steps[i].options
    const isLimited = maxCostUsd !== undefined || maxLatencyMs !== undefined
    const isTry = (decision as { readonly canary?: boolean } | null)?.canary === true
    return (isLimited || isTry) && differences(old[i].decision, decision).length > 0
  })
  const [, step] = /^next\.steps\[(\d+)\]/.exec(line) ?? []
  return first >= 0 && (step === undefined || Number(step) >= first)
}

/**
 * Release 0.1.0 let a price that was made by guesses forbid to find out, and let an account that was full lose what came in.
 * Since then policy `dollar` tries models by other rules and asks another price where its account is nearly full. What a
 * recording of it folds to is what it was; what the next requests are decided to be, and the price that is told, are today's.
 */
const DECIDED_BY_DOLLAR = /^next\.|shadowPrice\b/

interface Recorded {
  readonly name: string
  /** The folder of its release. */
  readonly release: string
  readonly folder: string
  readonly recording: Recording
  readonly expected: Expected
  readonly steps: readonly Step[]
}

const RELEASES = foldersIn(HERE).map((name) => {
  const folder = join(HERE, name)
  return {
    name,
    release: read<Release>(folder, 'release.json'),
    recordings: foldersIn(folder).map((each) => load(name, each)),
  }
})

describe('recordings', () => {
  it('are found', () => {
    const names = RELEASES.map(({ name }) => name)
    const released = Array.from(ofRoot('CHANGELOG.md').matchAll(/^## (\d+\.\d+\.\d+)$/gm), ([, each]) => each)
    const { version } = JSON.parse(ofRoot('package.json')) as { readonly version: string }
    expect(released).toContain('0.1.0')
    // A version to come has one until it is released.
    const wanted = new Set([...released, version].map((each) => `v${each}`))
    expect(names).toEqual([...wanted].sort())
    for (const { recordings } of RELEASES) expect(recordings.length).toBeGreaterThan(0)
  })
})

for (const { name, release, recordings } of RELEASES) {
  describe(`what release ${name} wrote`, () => {
    it('has every type of event that the release had, and all kinds of values of their fields', () => {
      const all = recordings.map(decoded)
      expect(typesOf(all.flat())).toEqual([...release.types])
      expect(differences(plain(release.variety), plain(together(all.map(varietyOf))))).toEqual([])
    })
    for (const recorded of recordings) describe(recorded.name, () => checkRecording(recorded))
  })
}

function checkRecording(recorded: Recorded): void {
  const { folder, recording } = recorded
  it('decodes to the recorded events', () => {
    const found = decoded(recorded)
    const values = readLines(join(folder, 'events.jsonl.gz')).map((line) => JSON.parse(line) as Json)
    expect(found.length).toBe(recording.events)
    expect(differences(values, found)).toEqual([])
    expect(typesOf(found)).toEqual([...recording.types])
    expect(differences(plain(recording.variety), plain(varietyOf(found)))).toEqual([])
  })

  for (const form of recording.forms.filter(({ kind }) => kind !== 'redis')) {
    // The fold has the same bits on every kernel.
    const kernels = form.kind === 'events' ? (['js', 'wasm'] as const) : (['js'] as const)
    for (const kernel of kernels)
      it(`${form.file} folds to the recorded state, kernel ${kernel}`, () =>
        checkForm(recorded, form, kernel, null))
  }

  const shared = recording.forms.filter(({ kind }) => kind === 'redis')
  if (shared.length === 0) return
  describe.skipIf(!hasRedis)('in Redis', () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await RedisServer.start()
    })
    afterAll(() => server.stop())
    for (const form of shared)
      it(`${form.file} folds to the recorded state`, () => checkForm(recorded, form, 'js', server.url))
  })
}

async function checkForm(
  { release, folder, recording, expected, steps }: Recorded,
  form: Form,
  kernel: 'js' | 'wasm',
  redisUrl: string | null,
): Promise<void> {
  const library = release === 'v0.1.0' ? LIBRARY_OF_0_1 : LIBRARY
  const source = { library, folder, recording, form, redisUrl, kernel }
  const wanted = expected.forms[form.file]
  const before = expected.states[wanted.state]
  const { opening, state } = await observe((purpose) => open(source, purpose), recording, form, steps, before)
  expect(differences(wanted.opening, opening, 'opening')).toEqual([])
  const found = differences(before, state)
  const isSame = release !== 'v0.1.0' || hasUnitRewards(recording)
  const learned = isSame ? found : found.filter((line) => !LEARNED_OF_REWARDS.test(line))
  const isOld = release === 'v0.1.0'
  const isDecided = isOld && policyOf(recording) === 'dollar'
  const folded = isDecided ? learned.filter((line) => !DECIDED_BY_DOLLAR.test(line)) : learned
  expect(folded.filter((line) => !(isOld && isOfNewLimits(line, steps, before, state)))).toEqual([])
}

/** `dollar` is the default. */
function policyOf({ options }: Recording): unknown {
  return options.policy ?? 'dollar'
}

function hasUnitRewards({ options: { rewardRange } }: Recording): boolean {
  return rewardRange === undefined || (rewardRange[0] === 0 && rewardRange[1] === 1)
}

function decoded({ folder }: Recorded): { readonly [name: string]: Json }[] {
  return readEvents(join(folder, 'events.txt.gz')).map(
    (bytes) => plain(decodeEvent(bytes)) as { readonly [name: string]: Json },
  )
}

function load(release: string, name: string): Recorded {
  const folder = join(HERE, release, name)
  return {
    name,
    release,
    folder,
    recording: read<Recording>(folder, 'recording.json'),
    expected: read<Expected>(folder, 'expected.json.gz'),
    steps: read<readonly Step[]>(folder, 'continuation.json'),
  }
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

function ofRoot(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
}

function read<T>(folder: string, file: string): T {
  return JSON.parse(readText(join(folder, file))) as T
}
