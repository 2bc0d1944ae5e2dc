import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { describeStore, HEADER, lines, makeEvents, readAll } from './conformance.js'

describeStore('a store in memory', async (options) => {
  const store = memoryStore(options)
  return { store, open: async () => store, dispose: () => store.close() }
})

describe('a store in memory', () => {
  it('refuses options that it does not know', () => {
    expectCode(() => memoryStore(wrong({ retain: 1 })), 'UNKNOWN_OPTION', 'retain')
    expectCode(() => memoryStore({ retainEvents: -1 }), 'INVALID_ARGUMENT', 'retainEvents')
  })

  it('is open once at a time', async () => {
    const store = memoryStore()
    await store.open(HEADER, [])
    await expectRejection(store.open(HEADER, []), 'STORE_LOCKED', 'memory')
  })

  it('drops only what is older than its retention', async () => {
    const store = memoryStore({ retainEvents: 7 })
    const opened = await store.open(HEADER, [])
    const position = await store.append({ ...opened, events: makeEvents(1, 10) })
    for (const at of ['9', position]) await store.writeSnapshot({ position: at, bytes: Uint8Array.of(1) })
    expect(lines(await readAll(store, '3'))).toHaveLength(7)
    await expectRejection(store.read('2', 0), 'LOG_TRIMMED', 'memory')
  })
})
