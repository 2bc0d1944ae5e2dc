import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Previews } from '../../src/cli/dashboard/previews.js'
import { besideLog, foldOf, withReader } from '../../src/cli/state/log-view.js'
import { Explanations } from '../../src/gateway/dashboard/explanations.js'
import { createRouter, type RoutedEvent } from '../../src/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()

it('explains decisions of a log whose contexts have no bias, as a service may have taken them', async () => {
  const file = join(folder.path, 'a.state')
  const routed: RoutedEvent[] = []
  const router = await createRouter({ models: MODELS, dimension: 2, bias: false, store: sqliteStore(file) })
  router.on('routed', (event) => void routed.push(event))
  router.route([0.5, 0.125])
  await router.close()
  const explanations = new Explanations(() => {
    throw new Error('it is not among the pending ones')
  })
  await withReader(file, undefined, async (reader) => {
    const snapshot = (await foldOf(reader)).snapshot()
    await new Previews(() => besideLog(reader, snapshot, () => routed[0].at), explanations).explain(routed)
  })
  expect(routed).toHaveLength(1)
  expect(explanations.has(routed[0].id)).toBe(true)
})
