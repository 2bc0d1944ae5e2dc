import { createRouter, ParetoBanditError, type Router, type RouterOptions } from '../../index.js'
import type { GatewayConfig } from './config.js'
import type { Mistake, Path } from './mistake.js'
import { modelSpec, payersOf, tenantOptions } from './router-options.js'

/** Vectors of one number, and the kernel that is there everywhere: nothing is learned here. */
const SCRATCH = { dimension: 1, kernel: 'js' } as const

/**
 * What the engine itself would refuse, found by asking it: time zones, tiers out of order, caps of a kind that is there
 * already, options that a policy does not take.
 */
export async function engineMistakes(config: GatewayConfig): Promise<Mistake[]> {
  const mistakes: Mistake[] = []
  const { policy, ...others } = config.routing
  const ask = async (path: Path, options: RouterOptions): Promise<void> => {
    const router = await createRouter({ ...SCRATCH, policy, ...options }).catch((error: unknown) => {
      mistakes.push(mistakeOf(error, path))
    })
    await router?.close()
  }
  for (const [name, value] of Object.entries(others)) await ask(['routing', name], { [name]: value })
  if (config.budget !== null) await ask(['budget'], { budget: config.budget })
  const router = await createRouter<string>({ ...SCRATCH, policy })
  const attempt = (path: Path, act: (router: Router<string>) => void): void => {
    try {
      act(router)
    } catch (error) {
      mistakes.push(mistakeOf(error, path))
    }
  }
  config.models.forEach((model, i) => {
    attempt(['models', i, 'prices'], () => router.addModel(modelSpec(model)))
  })
  if (config.caps.length > 0) attempt(['caps'], () => router.setCaps(config.caps))
  payersOf(config).forEach((tenant, i) => {
    const path = i < config.tenants.length ? ['tenants', i] : ['rewards', 'judge']
    attempt(path, () => router.addTenant(tenantOptions(tenant)))
  })
  await router.close()
  return mistakes
}

/** The engine's own path begins with the name of what it was given: `caps[1].timeZone`, `model.tiers[0]`. */
function mistakeOf(error: unknown, path: Path): Mistake {
  if (!(error instanceof ParetoBanditError)) throw error
  const steps = [...error.field.matchAll(/[^.[\]]+/g)].map(([step]) =>
    /^\d+$/.test(step) ? Number(step) : step,
  )
  const message = error.field === '' ? error.message : error.message.slice(error.field.length + 2)
  return { path: [...path, ...steps.slice(1)], message }
}
