const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A Monday. */
const START = Date.UTC(2026, 5, 1)

/** Dollars a request: the cheapest $1.60 for a day of 10,300. */
const MODELS = [
  { id: 'cheap', inputUsdPerMTok: 0.13, outputUsdPerMTok: 0.39, worth: 0.6 },
  { id: 'middle', inputUsdPerMTok: 1.3, outputUsdPerMTok: 3.9, worth: 0.75 },
  { id: 'dear', inputUsdPerMTok: 12, outputUsdPerMTok: 36, worth: 0.85 },
]

function randomOf(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Plays days of traffic through a router with caps: of each day requests, refused ones, dollars and mean reward.
 * @param library module with `createRouter`
 * @param shape requests of (day, hour)
 * @param restartHours hours after which the router is closed and opened again; it needs a store then
 */
export async function play({ createRouter }, { shape, caps, days, seed = 1, restartHours = 0 }) {
  const random = randomOf(seed)
  let now = START
  const options = {
    models: MODELS.map(({ worth: _, ...model }) => model),
    dimension: 4,
    seed,
    caps,
    clock: () => now,
  }
  let router = await createRouter(options)
  const rows = []
  for (let day = 0; day < days; day++) {
    const row = { requests: 0, refused: 0, usd: 0, reward: 0 }
    for (let hour = 0; hour < 24; hour++) {
      const count = shape(day, hour)
      if (restartHours > 0 && hour % restartHours === 0 && day + hour > 0) {
        await router.close()
        router = await createRouter(options)
      }
      for (let i = 0; i < count; i++) {
        now = START + day * DAY_MS + hour * HOUR_MS + Math.floor(((i + random()) * HOUR_MS) / count)
        const x = [random() - 0.5, random() - 0.5, random() - 0.5, 1]
        row.requests++
        let decision
        try {
          decision = router.route(x)
        } catch (error) {
          if (error.code !== 'BUDGET_EXHAUSTED') throw error
          row.refused++
          continue
        }
        const { inputUsdPerMTok, outputUsdPerMTok, worth } = MODELS.find(({ id }) => id === decision.model)
        const costUsd = ((inputUsdPerMTok + outputUsdPerMTok) * 300 * (0.5 + random())) / 1e6
        const reward = Math.min(1, Math.max(0, worth + 0.1 * x[0] + 0.2 * (random() + random() - 1)))
        router.settle(decision.id, { costUsd })
        router.reward(decision.id, reward)
        row.usd += costUsd
        row.reward += reward
      }
    }
    row.reward /= row.requests
    rows.push(row)
  }
  if (restartHours > 0) await router.close()
  return rows
}
