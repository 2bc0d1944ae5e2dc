import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import * as evaluate from '../../src/evaluate/index.js'
import * as features from '../../src/features/index.js'
import * as index from '../../src/index.js'
import { Router } from '../../src/router/router.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { wrong } from '../support/errors.js'
import { MODELS, X } from '../support/router.js'

type Call = (...args: unknown[]) => unknown

const REFUSED = new RangeError('nobody reads this')

/** Whatever asks it for its keys hears an exception. */
function unlisted(): object {
  const refuse = (): never => {
    throw REFUSED
  }
  return new Proxy({}, { ownKeys: refuse, getOwnPropertyDescriptor: refuse })
}

/** What the call throws or rejects with; null: nothing. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return null
  } catch (error) {
    return error
  }
}

/** Its functions, classes and constants left out. */
function functionsOf(names: object): [string, Call][] {
  return Object.entries(names).filter(
    (entry): entry is [string, Call] =>
      typeof entry[1] === 'function' && !/^class\b/.test(Function.prototype.toString.call(entry[1])),
  )
}

const SHAPES: readonly [string, () => unknown[]][] = [
  ['the first', () => [unlisted()]],
  ['the second', () => ['x', unlisted()]],
  ['both', () => [unlisted(), unlisted()]],
  ['one in a list', () => [[unlisted()]]],
  ['a number', () => [7]],
  ['a list', () => [[7]]],
]

describe('arguments that cannot be read, or are of another type', () => {
  const all = functionsOf({ ...index, ...features, ...evaluate, redisStore, sqliteStore })
  it.each(all)('%s answers with a typed error or takes them', async (_, call) => {
    for (const [shape, args] of SHAPES) {
      const error = await thrownBy(() => call(...args()))
      const isTyped = error === null || error instanceof ParetoBanditError
      expect([shape, isTyped ? 'typed' : error]).toEqual([shape, 'typed'])
    }
  })

  const methods = Object.getOwnPropertyNames(Router.prototype).filter(
    (name) =>
      !['constructor', 'close'].includes(name) &&
      !Object.getOwnPropertyDescriptor(Router.prototype, name)?.get,
  )
  it.each(methods)('Router.%s likewise, and nothing changes', async (name) => {
    const router = await index.createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
    const { id } = router.route(X)
    for (const [shape, args] of [...SHAPES, ['of a request', () => [id, unlisted()]] as const]) {
      const before = Buffer.from(router.snapshot())
      const method = wrong<Record<string, Call>>(router)[name]
      const error = await thrownBy(() => method.apply(router, args()))
      const isTyped = error === null || error instanceof ParetoBanditError
      expect([shape, isTyped ? 'typed' : error]).toEqual([shape, 'typed'])
      if (error !== null) expect(Buffer.compare(Buffer.from(router.snapshot()), before)).toBe(0)
    }
  })
})
