import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { functionEncoder } from '../../src/features/function-encoder.js'
import { parseOutcomes } from '../../src/replay/dataset.js'
import { fitPriors } from '../../src/router/fit-priors.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'

/** Half of a pair, alone: UTF-8 has no bytes for it, and writes U+FFFD for all of them. */
const HALVES = ['a\ud800', '\udc00', '\udfff\ud83d', 'x\ud83dy'] as const
const PRICE = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
const TENANT = { budget: { usdPerRequest: 0.01 } }

describe('a text that is kept has all its pairs, else it is refused', () => {
  it.each(HALVES)('%j', async (id) => {
    const { router } = await makeBench({ tenants: [{ id: 'known', ...TENANT }] })
    const why = /unpaired surrogates/
    const refused = (call: () => unknown, field: string) =>
      expect(expectCode(call, 'INVALID_ARGUMENT', field).message).toMatch(why)
    refused(() => router.addModel({ id, ...PRICE }), 'model.id')
    refused(() => router.addTenant({ id, ...TENANT }), 'tenant.id')
    refused(() => router.addTenants([{ id, ...TENANT }]), 'tenants[0].id')
    refused(() => router.route(X, { tenant: id }), 'tenant')
    refused(() => router.route(X, { candidates: ['small', id] }), 'candidates[1]')
    refused(() => router.route(X, { exclude: [id] }), 'exclude[0]')
    refused(() => router.disable(id), 'id')
    refused(() => router.removeTenant(id), 'id')
    const outcomes = { small: { reward: 1 }, [id]: { reward: 1 } }
    const row = `rows[0].outcomes[${JSON.stringify(id)}]`
    refused(() => fitPriors([{ context: [1], outcomes }]), row)
    const line = JSON.stringify({ id: 'p1', prompt: '', outcomes: { [id]: { reward: 1, costUsd: 0 } } })
    expect(expectCode(() => parseOutcomes(line, 'file'), 'DATA_INVALID', 'file:1').message).toMatch(why)
    refused(() => functionEncoder({ name: id, dimension: 1, encode: () => [1] }), 'name')
    const models = [...MODELS, { id, ...PRICE }]
    await expectRejection(createRouter({ models, dimension: 3 }), 'INVALID_ARGUMENT', 'models[3].id')
    await expectRejection(
      createRouter({ models: MODELS, dimension: 3, name: id }),
      'INVALID_ARGUMENT',
      'name',
    )
    const tenants = [{ id, ...TENANT }]
    await expectRejection(
      createRouter({ models: MODELS, dimension: 3, tenants }),
      'INVALID_ARGUMENT',
      'tenants[0].id',
    )
    const encoder = { name: id, dimension: 3, encodeInto: () => {} }
    await expectRejection(
      createRouter({ models: MODELS, dimension: 3, encoder }),
      'INVALID_ARGUMENT',
      'encoder.name',
    )
    await expectRejection(
      createRouter({ models: MODELS, dimension: 3, store: memoryStore(), policy: 'dollar', tenants }),
      'INVALID_ARGUMENT',
      'tenants[0].id',
    )
    expectCode(() => router.settle(`${id}.1`, { costUsd: 1 }), 'UNKNOWN_REQUEST', 'id')
  })

  it.each(['\ufeffabc', '\ufeff', 'a\ufeff', '\ufeff\ufeffabc'])(
    'a byte order mark is part of %j, after a restart too',
    async (id) => {
      const store = memoryStore()
      const options = { store, dimension: 3, journal: { snapshotOnClose: false } } as const
      const ids = ['abc', id]
      const tenants = ids.map((tenant) => ({ id: tenant, ...TENANT }))
      const models = ids.map((model) => ({ id: model, ...PRICE }))
      const before = await createRouter({ ...options, models, tenants })
      for (const model of ids) before.route(X, { candidates: [model], tenant: model })
      await before.close()
      const after = await createRouter(options)
      expect(after.tenants()).toEqual(ids)
      expect(after.stats().models.map((model) => [model.id, model.requests])).toEqual(
        ids.map((model) => [model, 1]),
      )
      await after.close()
    },
  )

  it('whole pairs are texts like any other', async () => {
    const { router } = await makeBench()
    router.addModel({ id: '\u{1f600} \ufffd', ...PRICE })
    expect(router.route(X, { candidates: ['\u{1f600} \ufffd'] }).model).toBe('\u{1f600} \ufffd')
  })

  it('a prompt is read and not kept: one that was cut in a pair is routed', async () => {
    const router = await createRouter({ models: MODELS })
    expect(router.route('tell me \ud83d').model).toBeTypeOf('string')
  })
})
