import { expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { EventWriter } from '../../src/events/codec.js'
import { ALL_EVENT_TABLE } from '../../src/policy/all-events.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { type AnyEvent, sealed } from '../support/event-bytes.js'
import { MODELS, X } from '../support/router.js'
import '../support/seed.js'

const write = (event: AnyEvent) => new EventWriter(ALL_EVENT_TABLE).encode(event).slice()

const OF = { at: 1_700_000_000_000, id: 'r.1', model: MODELS[0].id }

/** The bytes with one of them changed; `sealed` puts the checksum right again. */
function altered(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

it.each([
  ['of a type that version 1 has not', (bytes: Uint8Array) => sealed(altered(bytes, 1, 99))],
  ['of version 0', (bytes: Uint8Array) => sealed(altered(bytes, 0, 0))],
  ['with a field that is cut', (bytes: Uint8Array) => sealed(bytes.slice(0, bytes.length - 3))],
  ['with bytes behind its fields', (bytes: Uint8Array) => sealed(Uint8Array.of(...bytes, 0))],
  [
    'with a wrong checksum',
    (bytes: Uint8Array) => altered(bytes, bytes.length - 1, bytes[bytes.length - 1] ^ 1),
  ],
  ['with a value out of its range', () => write({ ...OF, type: 'rewarded', reward: 7 })],
  ['of a request that there is not', () => write({ ...OF, type: 'rewarded', id: 'r.99', reward: 1 })],
])('an event %s is passed over, counted, and what follows is folded', async (_, spoil) => {
  const store = memoryStore()
  const options = { name: 'r', dimension: 3, kernel: 'js', store, clock: () => OF.at } as const
  const router = await createRouter({ ...options, models: MODELS })
  const { id, model } = router.route(X)
  await router.close()
  const good = write({ ...OF, type: 'rewarded', id, model, reward: 1 })
  const { firstNumber } = await store.open({ version: 1, settings: {} }, [])
  await store.append({ origin: 'other', firstNumber, events: [spoil(good), good] })
  await store.close()
  const again = await createRouter(options)
  expect(again.recovery).toMatchObject({ refused: 1 })
  expect(again.stats().models.reduce((sum, each) => sum + each.rewarded, 0)).toBe(1)
  await again.close()
})
