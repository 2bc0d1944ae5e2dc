import { createRouter, type KernelName } from '../../src/index.js'

/** What a run of the loop came to. Texts go through exp and log, which may differ by platform; vectors do not. */
export interface Outcome {
  readonly textModels: readonly string[]
  readonly vectorModels: readonly string[]
  /** SHA-256 of the snapshot of the router of vectors, in hex. */
  readonly vectorDigest: string
  readonly continued: readonly string[]
  readonly spendUsd: number
  readonly chosenByExplanation: string
  readonly errorCode: string
  readonly kernel: string
}

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'middle', inputUsdPerMTok: 1, outputUsdPerMTok: 4 },
  { id: 'large', inputUsdPerMTok: 5, outputUsdPerMTok: 25 },
]
const BUDGET = { usdPerRequest: 0.002 }
const PROMPTS = [
  'Prove that 7 is prime.',
  'Write a poem about rain.',
  'Fix this Python loop:\nfor i in x print(i)',
  '',
]

/** The whole loop, the same in Node and in a browser. */
export async function runLoop(kernel: KernelName | 'auto'): Promise<Outcome> {
  const texts = await createRouter({ models: MODELS, budget: BUDGET, kernel, name: 'r', clock: () => 1000 })
  const textModels = Array.from({ length: 40 }, (_, i) => {
    const { id, model } = texts.route(`${PROMPTS[i % 4]} ${i}`)
    texts.settle(id, { inputTokens: 50 + i, outputTokens: 200, latencyMs: i })
    texts.reward(id, (i % 5) / 5)
    return model
  })

  // Policy dollar takes logarithms of costs, whose last bits are the platform's own: it is the one of the texts.
  const policy = 'paper' as const
  const options = { policy, dimension: 8, budget: BUDGET, kernel, alpha: 0.5, name: 'r', clock: () => 1000 }
  const vectors = await createRouter({ ...options, models: MODELS })
  vectors.addModel({ id: 'new', inputUsdPerMTok: 2, outputUsdPerMTok: 2 }, { forcedExploration: 3 })
  const vectorModels = play(vectors, 0, 150)
  const open = vectors.route(contextOf(7), { explain: true })
  vectors.reprice('large', { inputUsdPerMTok: 0.01, outputUsdPerMTok: 0.02 })
  const bytes = vectors.snapshot()

  const restored = await createRouter(options)
  restored.restore(bytes)
  restored.settle(open.id, { costUsd: 0.001 })
  let errorCode = ''
  try {
    restored.settle(open.id, { costUsd: 0.001 })
  } catch (error) {
    errorCode = error instanceof Error && 'code' in error ? String(error.code) : 'another kind'
  }
  const hash = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))
  return {
    textModels,
    vectorModels,
    vectorDigest: Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join(''),
    continued: play(restored, 150, 250),
    spendUsd: restored.stats().pacer.spendUsd,
    chosenByExplanation: open.explanation?.models[0].model === open.model ? 'the best' : 'another',
    errorCode,
    kernel: restored.stats().kernel,
  }
}

/** Numbers by + - * / alone: the same bits everywhere. */
function contextOf(i: number): number[] {
  return [...Array.from({ length: 7 }, (_, j) => ((i * 37 + j * 101) % 64) / 32 - 1), 1]
}

function play(router: Awaited<ReturnType<typeof createRouter>>, from: number, to: number): string[] {
  const models: string[] = []
  for (let i = from; i < to; i++) {
    const { id, model } = router.route(contextOf(i))
    models.push(model)
    if (i % 3 > 0) router.reward(id, (i % 8) / 8)
    if (i % 5 > 0) router.settle(id, { costUsd: (i % 16) / 4096 })
    else if (i % 3 === 0) router.fail(id)
  }
  return models
}
