import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkModelPrice } from '../../src/models/model.js'
import { type Model, Registry } from '../../src/models/registry.js'
import '../support/seed.js'

const MODELS = 65_536

/** What the registry keeps, worked out from its models alone. */
function recompute(registry: Registry) {
  const models = [...registry.models]
  const enabled = models.filter((model) => model.enabled)
  const taken = new Set(models.map(({ slot }) => slot))
  let nextSlot = 0
  while (taken.has(nextSlot)) nextSlot++
  return {
    nextSlot,
    enabled,
    dearest: Math.max(0, ...enabled.map((model) => model.blendedUsdPerKTok)),
    exploring: enabled.filter((model) => model.forcedRemaining > 0).length,
  }
}

function read(registry: Registry) {
  return {
    nextSlot: registry.nextSlot(),
    enabled: registry.enabled,
    dearest: registry.dearestUsdPerKTok,
    exploring: registry.exploring,
  }
}

function prices(input: number, output: number) {
  return checkModelPrice({ inputUsdPerMTok: input, outputUsdPerMTok: output }, 'price')
}

const pick = fc.nat(30)
const price = fc.constantFrom(0, 1, 1, 2, 5)
const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), price, forced: fc.nat(2) }) },
  fc.record({ do: fc.constant('remove' as const), pick }),
  fc.record({ do: fc.constant('enable' as const), pick, enabled: fc.boolean() }),
  fc.record({ do: fc.constant('reprice' as const), pick, price }),
  fc.record({ do: fc.constant('force' as const), pick }),
  fc.record({ do: fc.constant('read' as const) }),
)

describe('the registry', () => {
  it('keeps slots, order, dearest price and newcomers as computing them from the start gives them', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const registry = new Registry()
        let names = 0
        for (const each of operations) {
          const models = [...registry.models]
          const model: Model | undefined = 'pick' in each ? models[each.pick % models.length] : undefined
          const version = registry.version
          const before = recompute(registry)
          const blended = models.map((known) => known.blendedUsdPerKTok)
          if (each.do === 'add') {
            const spec = { id: `m${names++}`, ...prices(each.price, each.price) }
            expect(registry.add(spec, each.forced).slot).toBe(before.nextSlot)
          } else if (each.do === 'read') expect(read(registry)).toEqual(before)
          else if (model === undefined) continue
          else if (each.do === 'remove') registry.remove(model)
          else if (each.do === 'enable')
            each.enabled ? registry.enable(model, 'operator') : registry.disable(model, 'operator')
          else if (each.do === 'force') registry.countForced(model)
          else registry.reprice(model, prices(each.price, each.price))
          const after = recompute(registry)
          const same =
            before.enabled.length === after.enabled.length &&
            after.enabled.every((known, i) => known === before.enabled[i]) &&
            models.every((known, i) => known.blendedUsdPerKTok === blended[i])
          if (!same) expect(registry.version).toBeGreaterThan(version)
        }
        expect(read(registry)).toEqual(recompute(registry))
      }),
      { numRuns: 500 },
    )
  })

  it(`adds and reprices ${MODELS} models in work that grows with their number`, () => {
    const registry = new Registry()
    let touched = 0
    // Every look at a slot, and every model that a walk over all of them comes by, is counted.
    const slots = new Proxy([] as Model[], {
      get(target, key) {
        touched++
        return Reflect.get(target, key)
      },
    })
    class CountingMap extends Map<string, Model> {
      override *values(): MapIterator<Model> {
        for (const model of super.values()) {
          touched++
          yield model
        }
      }
    }
    Reflect.set(registry, 'bySlot', slots)
    Reflect.set(registry, 'byId', new CountingMap())
    const list = registry.enabled
    const models: Model[] = []
    for (let i = 0; i < MODELS; i++) {
      const price = 1 + (i % 7)
      models.push(registry.add({ id: `m${i}`, ...prices(price, 1) }, i % 2))
      if (models[i].slot !== i || registry.exploring !== (i + 1) >> 1) expect.fail(`after model ${i}`)
    }
    expect(registry.enabled).toBe(list)
    expect(list.length).toBe(MODELS)
    for (const model of models) if (model.forcedRemaining > 0) registry.countForced(model)
    expect(registry.exploring).toBe(0)
    for (const model of models) registry.reprice(model, prices(1, 1))
    expect(registry.dearestUsdPerKTok).toBe(0.001)
    for (const model of models) registry.disable(model, 'operator')
    for (const model of models) registry.enable(model, 'operator')
    expect(registry.enabled).toEqual(models)
    expect(touched).toBeLessThan(20 * MODELS)
  })
})
