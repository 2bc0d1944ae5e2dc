/**
 * The floors of src/, from the ground up. Code of a floor imports from its own rooms and from floors below, types
 * included, and nothing else. The first pattern that fits a file says where it stands.
 */
export const FLOORS: readonly (readonly [floor: string, pattern: RegExp])[] = [
  ['base', /^src\/base\//],
  ['kernel', /^src\/kernel\//],
  ['models', /^src\/models\//],
  ['features', /^src\/features\//],
  ['bandit', /^src\/bandit\//],
  ['events', /^src\/events\//],
  ['state', /^src\/state\//],
  ['policies', /^src\/policy\/(policies|all-events)\.ts$/],
  ['a policy', /^src\/policy\/[^/]+\//],
  ['policy', /^src\/policy\/[^/]+$/],
  ['router', /^src\/router\//],
  ['log', /^src\/log\//],
  ['store', /^src\/store\//],
  ['root', /^src\/(create-router|index)\.ts$/],
  ['prices', /^src\/prices\//],
  ['report', /^src\/report\//],
  ['replay', /^src\/replay\//],
  ['evaluate', /^src\/evaluate\//],
  ['rewards', /^src\/rewards\//],
  ['adapters', /^src\/adapters\//],
  ['gateway', /^src\/gateway\//],
  ['cli', /^src\/cli\//],
]

const FOLD = ['base', 'kernel', 'models', 'features', 'bandit', 'events', 'state'] as const
const ENGINE = [...FOLD, 'policy'] as const
const BELOW_ROUTER = [...ENGINE, 'a policy', 'policies'] as const
const ROUTER = [...BELOW_ROUTER, 'router'] as const

/** What each floor may import besides itself. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernel: ['base'],
  models: ['base'],
  features: ['base'],
  bandit: ['base', 'kernel', 'models', 'features'],
  events: ['base', 'kernel', 'models', 'features'],
  state: ['base', 'kernel', 'models', 'features', 'bandit', 'events'],
  policy: FOLD,
  'a policy': ENGINE,
  policies: [...ENGINE, 'a policy'],
  router: BELOW_ROUTER,
  log: ROUTER,
  store: [...ROUTER, 'log'],
  root: [...ROUTER, 'log', 'store'],
  prices: ['base', 'models'],
  report: ['base', 'models'],
  replay: [...ROUTER, 'log', 'store', 'root', 'report'],
  evaluate: [...ROUTER, 'log', 'store', 'root', 'report'],
  rewards: ['base', 'root'],
  adapters: ['base', 'root', 'rewards'],
  gateway: ['base', 'features', 'store', 'root', 'prices', 'rewards'],
  cli: [...ROUTER, 'log', 'store', 'root', 'prices', 'report', 'replay', 'evaluate', 'gateway'],
}

export function floorOf(file: string): string | undefined {
  return FLOORS.find(([, pattern]) => pattern.test(file))?.[0]
}
