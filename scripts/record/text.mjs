// A short recording of texts: the default encoder, d = 26, with the most that each request can cost set aside.
import { World } from './world.mjs'

const LIMITS = { low: 0, high: 1 }
const MODELS = [
  { id: 'haiku', inputUsdPerMTok: 0.8, outputUsdPerMTok: 4 },
  { id: 'opus', inputUsdPerMTok: 15, outputUsdPerMTok: 75 },
]

export function textRecording() {
  const world = new World(26, Date.UTC(2026, 8, 30, 23, 50), null)
  const options = {
    policy: 'dollar',
    name: 'texts',
    budget: { usdPerRequest: 0.01 },
    reserve: 'worst-case',
    pendingCapacity: 16,
    seed: 1,
    kernel: 'js',
  }
  const optionsOf = (i) => ({ inputTokens: 40 + 10 * (i % 30), maxOutputTokens: 100 + 50 * (i % 9) })
  return {
    name: 'text',
    about: 'Texts by the default encoder, d = 26, reserve worst-case, a calendar cap.',
    options,
    stream: null,
    snapshotEvents: 25,
    tenants: [],
    world,
    limits: LIMITS,
    optionsOf,
    play: async (reopen, mark) => {
      const router = await reopen({
        models: MODELS,
        caps: [{ usd: 1, per: 'hour', timeZone: 'Asia/Kolkata' }],
      })
      for (let i = 0; i < 24; i++) {
        world.advance(40_000)
        world.feedback(router, world.route(router, optionsOf(i)), LIMITS)
        if (i % 10 === 9) await router.flush()
      }
      mark('end', router)
      await router.close()
    },
  }
}
