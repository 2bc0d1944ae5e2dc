import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EventWriter } from '../../src/events/codec.js'
import {
  type Batch,
  type LogHeader,
  type OpenedLog,
  type PlacedBatch,
  type Position,
  START,
  type Store,
} from '../../src/log/store.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { expectRejection } from '../support/errors.js'
import { rewardedEvent, routedEvent } from '../support/events.js'
import '../support/seed.js'

/** One log and ways to it. */
export interface StoreFixture {
  /** A handle whose `open` nobody has called. */
  readonly store: Store
  /** Another handle on the same log, its `open` not called either; for one process it may be the same object. */
  open(): Promise<Store>
  /** Closes what is open and removes the log. */
  dispose(): Promise<void>
}

export type MakeStore = (options: { readonly retainEvents?: number }) => Promise<StoreFixture>

export const HEADER: LogHeader = {
  version: 1,
  settings: { dimension: 26, policy: 'dollar', gamma: 0.997, strict: false, budget: null },
}
const writer = new EventWriter(ALL_EVENT_TABLE)

/** Events that differ, `count` of them from a number on; every fifth is long. */
export function makeEvents(first: number, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `request-${first + i}`
    return writer.encode((first + i) % 5 === 0 ? routedEvent(id) : rewardedEvent(id, (first + i) / 1024))
  })
}

export async function readAll(store: Pick<Store, 'read'>, after: Position = START): Promise<PlacedBatch[]> {
  const all: PlacedBatch[] = []
  for (let position = after; ; ) {
    const batches = await store.read(position, 0)
    if (batches.length === 0) return all
    all.push(...batches)
    position = batches[batches.length - 1].position
  }
}

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** `origin number bytes` of each event. */
export function lines(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ origin, firstNumber, events }) =>
    events.map((bytes, i) => `${origin} ${firstNumber + i} ${hex(bytes)}`),
  )
}

async function positionsOf(store: Store): Promise<Position[]> {
  const positions: Position[] = []
  for await (const { position } of store.snapshots()) positions.push(position)
  return positions
}

/** The contract of `src/log/store.ts`, for every store. @param isSkipped where it does not run here */
export function describeStore(name: string, make: MakeStore, isSkipped = false): void {
  describe.skipIf(isSkipped)(`${name}, as every store,`, () => {
    let fixture: StoreFixture
    beforeEach(async () => {
      fixture = await make({})
    })
    afterEach(() => fixture.dispose())
    const within = { make, fixture: () => fixture }
    openingTests(within)
    appendingTests(within)
    snapshotTests(within)
    noteTests(within)
    closingTests(within)
    modelTests(within)
  })
}

interface Suite {
  readonly make: MakeStore
  fixture(): StoreFixture
}

function noteTests({ fixture }: Suite): void {
  it('keeps texts beside the log, and replaces one where it is what somebody has read', async () => {
    const { store } = fixture()
    await store.open(HEADER, [])
    const note = async () => (await store.readNote?.('n')) ?? null
    expect(await note()).toBeNull()
    expect(await store.replaceNote?.('n', 'a', 'b')).toBe(false)
    expect(await store.replaceNote?.('n', '', 'b')).toBe(false)
    expect(await note()).toBeNull()
    expect(await store.replaceNote?.('n', null, 'a')).toBe(true)
    expect(await store.replaceNote?.('n', null, 'b')).toBe(false)
    expect(await store.replaceNote?.('n', 'a', '')).toBe(true)
    expect(await store.replaceNote?.('n', null, 'b')).toBe(false)
    const all = await Promise.all(['b', 'c', 'd'].map((text) => store.replaceNote?.('n', '', text)))
    expect(all.filter((isWritten) => isWritten === true)).toHaveLength(1)
    await store.writeNote?.('n', 'whatever stands there')
    expect(await note()).toBe('whatever stands there')
    expect(await store.readNote?.('other')).toBeNull()
  })
}

function openingTests({ fixture }: Suite): void {
  it('puts header and seed into an empty log', async () => {
    const { store } = fixture()
    const seed = makeEvents(1, 3)
    const opened = await store.open(HEADER, seed)
    expect(opened).toMatchObject({ isNew: true, header: HEADER, repairs: [] })
    const batches = await readAll(store)
    expect(batches.flatMap(({ events }) => events.map(hex))).toEqual(seed.map(hex))
    expect(batches.at(-1)?.position).toBe(opened.end)
    expect(await store.read(opened.end, 0)).toEqual([])
  })

  it('takes an empty seed', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, [])
    expect(opened.isNew).toBe(true)
    expect(await store.read(START, 0)).toEqual([])
    expect(await store.read(opened.end, 0)).toEqual([])
    const position = await store.append({ ...opened, events: makeEvents(1, 1) })
    expect(await store.read(opened.end, 0)).toHaveLength(1)
    expect(await store.read(position, 0)).toEqual([])
  })

  it('leaves a log that is there as it is, whatever the header and the seed', async () => {
    const { store } = fixture()
    const first = await store.open(HEADER, makeEvents(1, 3))
    const before = lines(await readAll(store))
    await store.close()
    const second = await fixture().open()
    const opened = await second.open({ version: 1, settings: { dimension: 8 } }, makeEvents(100, 2))
    expect(opened).toMatchObject({ isNew: false, header: HEADER, end: first.end, repairs: [] })
    expect(lines(await readAll(second))).toEqual(before)
    await second.close()
  })

  it('never gives a number of an origin twice', async () => {
    const { store } = fixture()
    const used = new Set<string>()
    let handle = store
    for (let round = 0; round < 4; round++) {
      const opened = await handle.open(HEADER, makeEvents(1, 2))
      for (const line of lines(await readAll(handle))) used.add(line.split(' ', 2).join(' '))
      for (let i = 0; i < 5; i++) expect(used).not.toContain(`${opened.origin} ${opened.firstNumber + i}`)
      await handle.append({ ...opened, events: makeEvents(10 * round, 5) })
      await handle.close()
      handle = await fixture().open()
    }
    expect(used.size).toBe(2 + 3 * 5)
  })
}

function appendingTests({ fixture }: Suite): void {
  it('keeps order, content and numbers', async () => {
    const { store } = fixture()
    const { origin, firstNumber, end } = await store.open(HEADER, [])
    const appended: Batch[] = []
    const positions: Position[] = []
    let next = firstNumber
    for (const count of [1, 7, 500, 2]) {
      const batch = { origin, firstNumber: next, events: makeEvents(next, count) }
      positions.push(await store.append(batch))
      appended.push(batch)
      next += count
    }
    expect(new Set([end, ...positions]).size).toBe(5)
    expect(lines(await readAll(store))).toEqual(lines(appended))
    for (const [i, position] of positions.entries()) {
      expect(lines(await readAll(store, position))).toEqual(lines(appended.slice(i + 1)))
    }
  })

  it('reads on from the position of every batch that it gave', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, makeEvents(1, 2))
    await store.append({ ...opened, events: makeEvents(3, 40) })
    const batches = await readAll(store)
    const all = lines(batches)
    let seen = 0
    for (const { position, events } of batches) {
      expect(events.length).toBeGreaterThan(0)
      seen += events.length
      expect(lines(await readAll(store, position))).toEqual(all.slice(seen))
    }
  })

  it('takes a batch larger than what one read gives', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, [])
    const batch = { ...opened, events: makeEvents(1, 12_345) }
    const position = await store.append(batch)
    const batches = await readAll(store)
    expect(lines(batches)).toEqual(lines([batch]))
    expect(batches.at(-1)?.position).toBe(position)
  })

  it('shows a batch that was appended again by its numbers', async () => {
    const { store } = fixture()
    const { origin, firstNumber } = await store.open(HEADER, [])
    const batch = { origin, firstNumber, events: makeEvents(1, 3) }
    const next = { origin, firstNumber: firstNumber + 3, events: makeEvents(4, 2) }
    for (const each of [batch, batch, next]) await store.append(each)
    expect(lines(await readAll(store))).toEqual(lines([batch, batch, next]))
  })

  it('keeps what it was given, not what becomes of it', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, [])
    const events = makeEvents(1, 6)
    const wanted = lines([{ ...opened, events }])
    // Part of a larger buffer, as events that came over a wire are.
    const larger = new Uint8Array(events[0].length + 20)
    larger.set(events[0], 9)
    const given = [larger.subarray(9, 9 + events[0].length), ...events.slice(1)]
    await store.append({ ...opened, events: given })
    for (const bytes of given) bytes.fill(0)
    const read = await readAll(store)
    expect(lines(read)).toEqual(wanted)
    for (const { events } of read) for (const bytes of events) bytes.fill(0)
    expect(lines(await readAll(store))).toEqual(wanted)
  })
}

function snapshotTests({ make, fixture }: Suite): void {
  it('keeps two snapshots, latest first, their bytes as they were', async () => {
    const { store } = fixture()
    const { origin, firstNumber } = await store.open(HEADER, makeEvents(1, 1))
    expect(await positionsOf(store)).toEqual([])
    const written: [Position, Uint8Array][] = []
    for (let i = 0; i < 4; i++) {
      const position = await store.append({
        origin,
        firstNumber: firstNumber + i,
        events: makeEvents(i + 2, 1),
      })
      const bytes = Uint8Array.from({ length: 100_000 + i }, (_, at) => at * (i + 3))
      await store.writeSnapshot({ position, bytes: bytes.slice() })
      written.unshift([position, bytes])
      const kept: [Position, string][] = []
      for await (const each of store.snapshots()) kept.push([each.position, hex(each.bytes)])
      expect(kept).toEqual(written.slice(0, 2).map(([at, content]) => [at, hex(content)]))
    }
    await store.close()
    const second = await fixture().open()
    await second.open(HEADER, [])
    expect(await positionsOf(second)).toEqual(written.slice(0, 2).map(([position]) => position))
    await second.close()
  })

  it('takes a snapshot at the same position again', async () => {
    const { store } = fixture()
    const { end } = await store.open(HEADER, makeEvents(1, 2))
    for (const byte of [1, 2]) await store.writeSnapshot({ position: end, bytes: Uint8Array.of(byte) })
    const kept = []
    for await (const { position, bytes } of store.snapshots()) kept.push([position, ...bytes])
    expect(kept[0]).toEqual([end, 2])
  })

  it('drops what both snapshots cover, and says so to those who ask for it', async () => {
    const small = await make({ retainEvents: 0 })
    try {
      const { store } = small
      const opened = await store.open(HEADER, makeEvents(1, 1))
      const { origin } = opened
      let next = opened.firstNumber
      const positions: Position[] = []
      const batches: Batch[] = []
      for (let i = 0; i < 3; i++) {
        batches.push({ origin, firstNumber: next, events: makeEvents(next, 5000) })
        positions.push(await store.append(batches[i]))
        next += 5000
      }
      await store.writeSnapshot({ position: positions[0], bytes: Uint8Array.of(1) })
      expect(lines(await readAll(store))).toHaveLength(15_001)
      await store.writeSnapshot({ position: positions[1], bytes: Uint8Array.of(2) })
      await expectRejection(store.read(START, 0), 'LOG_TRIMMED')
      await expectRejection(store.read(opened.end, 0), 'LOG_TRIMMED')
      expect(lines(await readAll(store, positions[0]))).toEqual(lines(batches.slice(1)))
      expect(await store.read(positions[2], 0)).toEqual([])
      await store.close()
      const second = await small.open()
      const again = await second.open(HEADER, makeEvents(1, 1))
      expect(again).toMatchObject({ isNew: false, end: positions[2] })
      await expectRejection(second.read(START, 0), 'LOG_TRIMMED')
      await second.append({ ...again, events: makeEvents(next, 1) })
      expect(lines(await readAll(second, positions[2]))).toHaveLength(1)
      await second.close()
    } finally {
      await small.dispose()
    }
  })

  it('drops nothing that its retention keeps', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, [])
    const position = await store.append({ ...opened, events: makeEvents(1, 50) })
    for (const at of [opened.end, position, position]) {
      await store.writeSnapshot({ position: at, bytes: Uint8Array.of(1) })
    }
    expect(lines(await readAll(store))).toHaveLength(50)
  })
}

function closingTests({ fixture }: Suite): void {
  it('does nothing once it is closed', async () => {
    const { store } = fixture()
    const opened = await store.open(HEADER, makeEvents(1, 2))
    await store.close()
    await store.close()
    await expectRejection(store.append({ ...opened, events: makeEvents(3, 1) }), 'STORE_CLOSED')
    await expectRejection(store.read(START, 0), 'STORE_CLOSED')
    await expectRejection(positionsOf(store), 'STORE_CLOSED')
    const snapshot = { position: opened.end, bytes: Uint8Array.of(1) }
    await expectRejection(store.writeSnapshot(snapshot), 'STORE_CLOSED')
    const second = await fixture().open()
    await second.open(HEADER, [])
    expect(lines(await readAll(second))).toHaveLength(2)
    await second.close()
  })

  it('names itself', () => {
    expect(fixture().store.description).toMatch(/^[a-z]+(:.+)?$/)
  })
}

type Command =
  | { kind: 'append'; count: number }
  | { kind: 'snapshot' }
  | { kind: 'reopen' }
  | { kind: 'repeat' }

const commands = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 30 }) }),
    },
    fc.record({ kind: fc.constant('snapshot' as const) }),
    fc.record({ kind: fc.constant('reopen' as const) }),
    fc.record({ kind: fc.constant('repeat' as const) }),
  ),
  { maxLength: 25 },
)

function modelTests({ make }: Suite): void {
  it('is a list of events with two snapshots, whatever is done to it', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        const log = await make({})
        try {
          await new ModelRun(log).run(list)
        } finally {
          await log.dispose()
        }
      }),
      { numRuns: 15 },
    )
  })
}

/** Does the same to a store and to two lists. */
class ModelRun {
  private readonly fixture: StoreFixture
  private store: Store
  private events: string[] = []
  private snapshots: [Position, string][] = []
  private opened: OpenedLog | undefined
  private next = 1
  private end: Position = START
  private last: Batch | undefined
  private made = 0

  constructor(fixture: StoreFixture) {
    this.fixture = fixture
    this.store = fixture.store
  }

  async run(list: readonly Command[]): Promise<void> {
    await this.open()
    for (const command of list) {
      await this.step(command)
      expect(lines(await readAll(this.store))).toEqual(this.events)
      const kept: [Position, string][] = []
      for await (const { position, bytes } of this.store.snapshots()) kept.push([position, hex(bytes)])
      expect(kept).toEqual(this.snapshots)
    }
    await this.store.close()
  }

  private async open(): Promise<void> {
    const opened = await this.store.open(HEADER, makeEvents(0, 2))
    expect(opened.isNew).toBe(this.events.length === 0)
    if (opened.isNew) this.events = lines(await readAll(this.store))
    else expect(opened.end).toBe(this.end)
    this.opened = opened
    this.next = opened.firstNumber
    this.end = opened.end
    this.last = undefined
  }

  private async step(command: Command): Promise<void> {
    if (command.kind === 'append') await this.append(makeEvents(100 + this.made++, command.count))
    else if (command.kind === 'repeat') await this.repeat()
    else if (command.kind === 'snapshot') await this.snapshot()
    else {
      await this.store.close()
      this.store = await this.fixture.open()
      await this.open()
    }
  }

  private async append(events: Uint8Array[]): Promise<void> {
    const batch = { origin: this.opened?.origin ?? '', firstNumber: this.next, events }
    this.end = await this.store.append(batch)
    this.next += events.length
    this.events.push(...lines([batch]))
    this.last = batch
  }

  private async repeat(): Promise<void> {
    if (this.last === undefined) return
    this.end = await this.store.append(this.last)
    this.events.push(...lines([this.last]))
  }

  private async snapshot(): Promise<void> {
    const bytes = Uint8Array.of(this.made++, 7)
    await this.store.writeSnapshot({ position: this.end, bytes })
    const others = this.snapshots.filter(([position]) => position !== this.end)
    this.snapshots = [[this.end, hex(bytes)] as [Position, string], ...others].slice(0, 2)
  }
}
