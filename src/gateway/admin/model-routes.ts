import { Hono } from 'hono'
import { registeredIn } from '../config/changes.js'
import { hasLimit } from '../config/limits-in-force.js'
import { hintOf, show } from '../config/mistake.js'
import { prices } from '../config/price-shape.js'
import { modelSpec } from '../config/router-options.js'
import { modelRecordId, readModel } from './added-models.js'
import { bodyAs, inRecords, jsonBody } from './answers.js'
import { type AdminDeps, isDurable } from './deps.js'
import { asked, refused, refusedBody } from './request-error.js'

/**
 * `GET /models`, `POST /models`, `PUT /models/:id/prices`, `POST /models/:id/enable`, `POST /models/:id/disable`,
 * `DELETE /models/:id`. Ids may have slashes: write them as `%2F`.
 */
export function modelRoutes(deps: AdminDeps): Hono {
  const { live, router, records, shared, onChange } = deps
  /** All of them: it takes as long for one. */
  const registered = () => new Map(router.stats().models.map((model) => [model.id, model]))
  const findIn = (models: ReturnType<typeof registered>, id: string) => {
    const stats = models.get(id)
    if (stats !== undefined) return stats
    throw refused(
      404,
      'unknown_model',
      ':id',
      `no model ${show(id)} is registered${hintOf(id, [...models.keys()])}`,
    )
  }
  const find = (id: string) => findIn(registered(), id)
  const shownIn = (models: ReturnType<typeof registered>, ids: Iterable<string>) => {
    const configs = new Map(live.current.models.map((model) => [model.id, model]))
    const inFile = new Set(live.idsInFile)
    return Array.from(ids, (id) => {
      const {
        prices: _,
        parameters: __,
        defaultParameters: ___,
        enabled: ____,
        ...described
      } = configs.get(id) ?? {
        prices: 0,
        parameters: 0,
        defaultParameters: 0,
        enabled: 0,
      }
      return { ...described, isInFile: inFile.has(id), ...findIn(models, id) }
    })
  }
  const shown = (id: string) => shownIn(registered(), [id])[0]
  return new Hono()
    .get('/', (context) => {
      const models = registered()
      return context.json({ models: shownIn(models, models.keys()) })
    })
    .post('/', async (context) => {
      const value = await jsonBody(context)
      const read = readModel(value, live.current)
      if ('mistakes' in read) throw refusedBody(read.mistakes)
      const { model } = read
      if (model.prices === null && hasLimit(router)) {
        const message =
          'expected prices, got null: a budget or a cap is in force, and would not hold the model'
        throw refused(409, 'unpriced_models', 'prices', message)
      }
      // First what has to be there for the other: a model that the router has and no record names gets no requests.
      const { id, ...price } = modelSpec(model)
      // One that was deleted and has requests under way is put back, with what was learned of it.
      const isBack = registeredIn(router).get(id)?.draining === true
      asked({ 'model.id': 'id', model: 'prices', price: 'prices' }, () => {
        if (!isBack) router.addModel({ id, ...price })
        else {
          router.reprice(id, price)
          router.enable(id)
        }
      })
      if (!model.enabled) router.disable(id)
      try {
        // Whether requests may go to it is the router's to know: enabling it later changes no record.
        const record = { ...(value as object), enabled: true }
        await inRecords(records.put(modelRecordId(id), record))
      } catch (error) {
        router.removeModel(id, { drain: isBack })
        throw error
      }
      await shared.refresh()
      onChange(`model ${id}: added`)
      return context.json({ ...shown(id), durable: await isDurable(deps) }, 201)
    })
    .put('/:id/prices', async (context) => {
      const id = find(context.req.param('id')).id
      const given = await bodyAs(context, prices)
      asked({ price: 'body', id: ':id' }, () => router.reprice(id, given))
      onChange(`model ${id}: prices`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .post('/:id/enable', async (context) => {
      const id = find(context.req.param('id')).id
      const model = live.current.models.find((each) => each.id === id)
      if (model === undefined) {
        const message = `model ${show(id)} stands in no config any more: put it back there, or delete it and add it again`
        throw refused(409, 'model_not_in_config', ':id', message)
      }
      if (model.prices === null && hasLimit(router)) {
        const message = `model ${show(id)} has no prices, and a budget or a cap is in force that would not hold it`
        throw refused(409, 'unpriced_models', ':id', message)
      }
      asked({ id: ':id' }, () => router.enable(id))
      onChange(`model ${id}: enabled`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .post('/:id/disable', async (context) => {
      const id = find(context.req.param('id')).id
      asked({ id: ':id' }, () => router.disable(id))
      onChange(`model ${id}: disabled`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .delete('/:id', async (context) => {
      const id = find(context.req.param('id')).id
      if (live.idsInFile.includes(id)) {
        const message = `model ${show(id)} stands in the config: disable it, or take it out there`
        throw refused(409, 'model_in_config', ':id', message)
      }
      await inRecords(records.remove(modelRecordId(id)))
      await shared.refresh()
      asked({ id: ':id' }, () => router.removeModel(id, { drain: true }))
      onChange(`model ${id}: removed`)
      return context.json({ id, durable: await isDurable(deps) })
    })
}
