import type { Router } from '../../index.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import type { LiveConfig } from '../config/live-config.js'
import { type Mistake, pathText } from '../config/mistake.js'
import { model as modelShape } from '../config/model-shape.js'
import { referenceMistakes } from '../config/references.js'
import { type Reading, WRONG } from '../config/shape.js'
import type { SharedRecords } from '../keys/shared-records.js'

const PREFIX = 'model:'

/** Under which id the record of an added model stands. */
export function modelRecordId(id: string): string {
  return PREFIX + id
}

/** A model as an admin gives it, checked against the config that it will be part of. */
export function readModel(
  value: unknown,
  config: GatewayConfig,
): { readonly model: ModelConfig } | { readonly mistakes: readonly Mistake[] } {
  const reading: Reading = { env: null, mistakes: [] }
  const model = modelShape.read(value, [], reading)
  if (model === WRONG) return { mistakes: reading.mistakes }
  // Only what is said of this model: what was there before was right.
  const place = config.models.length
  const mistakes = referenceMistakes({ ...config, models: [...config.models, model] }).filter(
    ({ path }) => path[0] === 'models' && path[1] === place,
  )
  if (mistakes.length > 0)
    return { mistakes: mistakes.map((each) => ({ ...each, path: each.path.slice(2) })) }
  return { model }
}

/**
 * Keeps the config in force with the models that admins have added, in this process or another. One is taken up once the
 * router knows it: on replicas it comes by the log and by the records, in any order.
 */
export function followAddedModels(
  shared: SharedRecords,
  live: LiveConfig,
  router: Router<string>,
  onProblem: (message: string) => void,
): void {
  let before = ''
  const told = new Set<string>()
  const follow = (): void => {
    const known = new Set(router.stats().models.map(({ id }) => id))
    const models: ModelConfig[] = []
    for (const [id, value] of shared.current) {
      if (!id.startsWith(PREFIX)) continue
      const reading: Reading = { env: null, mistakes: [] }
      const model = modelShape.read(value, [], reading)
      const problem = model === WRONG ? mistakeText(reading.mistakes) : upstreamProblem(model, live.current)
      if (problem !== null) {
        if (!told.has(id)) onProblem(`added ${id} is left out: ${problem}`)
        told.add(id)
      } else if (model !== WRONG && known.has(model.id)) {
        told.delete(id)
        models.push(model)
      }
    }
    const now = JSON.stringify(models)
    if (now !== before) live.setAdded(models)
    else live.refresh()
    before = now
  }
  shared.onRefresh(follow)
  // Whoever listens to an event must not change what it is of.
  router.on('model-added', () => queueMicrotask(follow))
  follow()
}

function upstreamProblem({ upstream }: ModelConfig, { upstreams }: GatewayConfig): string | null {
  return upstreams.some(({ id }) => id === upstream) ? null : `there is no upstream ${upstream}`
}

export function mistakeText(mistakes: readonly Mistake[]): string {
  return mistakes.map(({ path, message }) => `${pathText(path)}: ${message}`).join('; ')
}
