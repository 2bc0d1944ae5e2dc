import { Hono } from 'hono'
import { hasLimit } from '../config/limits-in-force.js'
import { prices } from '../config/price-shape.js'
import { modelSpec } from '../config/router-options.js'
import { modelRecordId, readModel } from './added-models.js'
import { AdminError, bodyAs, inRecords, invalid, jsonBody } from './answers.js'
import { type AdminDeps, isDurable } from './deps.js'

/**
 * `GET /models`, `POST /models`, `PUT /models/:id/prices`, `POST /models/:id/enable`, `POST /models/:id/disable`,
 * `DELETE /models/:id`. Ids may have slashes: write them as `%2F`.
 */
export function modelRoutes(deps: AdminDeps): Hono {
  const { live, router, records, shared, onChange } = deps
  const find = (id: string) => {
    const stats = router.stats().models.find((model) => model.id === id)
    if (stats === undefined)
      throw new AdminError(404, 'unknown_model', `there is no model ${JSON.stringify(id)}`)
    return stats
  }
  const shown = (id: string) => {
    const config = live.current.models.find((model) => model.id === id)
    const {
      prices: _,
      parameters: __,
      enabled: ___,
      ...described
    } = config ?? { prices: 0, parameters: 0, enabled: 0 }
    return { ...described, isInFile: live.idsInFile.includes(id), ...find(id) }
  }
  return new Hono()
    .get('/', (context) => context.json({ models: router.stats().models.map(({ id }) => shown(id)) }))
    .post('/', async (context) => {
      const value = await jsonBody(context)
      const read = readModel(value, live.current)
      if ('mistakes' in read) throw invalid(read.mistakes)
      const { model } = read
      if (model.prices === null && hasLimit(router)) {
        const message = 'prices: expected prices: a budget or a cap is in force, and would not hold the model'
        throw new AdminError(409, 'unpriced_models', message)
      }
      // First what has to be there for the other: a model that the router has and no record names gets no requests.
      router.addModel(modelSpec(model))
      if (!model.enabled) router.disable(model.id)
      try {
        // Whether requests may go to it is the router's to know: enabling it later changes no record.
        const record = { ...(value as object), enabled: true }
        await inRecords(records.put(modelRecordId(model.id), record))
      } catch (error) {
        router.removeModel(model.id)
        throw error
      }
      await shared.refresh()
      onChange(`model ${model.id}: added`)
      return context.json({ ...shown(model.id), durable: await isDurable(deps) }, 201)
    })
    .put('/:id/prices', async (context) => {
      const id = find(context.req.param('id')).id
      router.reprice(id, await bodyAs(context, prices))
      onChange(`model ${id}: prices`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .post('/:id/enable', async (context) => {
      const id = find(context.req.param('id')).id
      router.enable(id)
      onChange(`model ${id}: enabled`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .post('/:id/disable', async (context) => {
      const id = find(context.req.param('id')).id
      router.disable(id)
      onChange(`model ${id}: disabled`)
      return context.json({ ...shown(id), durable: await isDurable(deps) })
    })
    .delete('/:id', async (context) => {
      const id = find(context.req.param('id')).id
      if (live.idsInFile.includes(id)) {
        const message = `model ${JSON.stringify(id)} stands in the config: disable it, or take it out there`
        throw new AdminError(409, 'model_in_config', message)
      }
      await inRecords(records.remove(modelRecordId(id)))
      await shared.refresh()
      router.removeModel(id, { drain: true })
      onChange(`model ${id}: removed`)
      return context.json({ id, durable: await isDurable(deps) })
    })
}
