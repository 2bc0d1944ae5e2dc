import { expect, test } from 'vitest'
import { Folder } from '../../cli/support.js'
import { MoneyWorld } from './money-world.js'

/** By hand: PARETOBANDIT_MONEY_SEEDS=200 PARETOBANDIT_MONEY_FROM=1 npx vitest run test/gateway/soak/money-model.test.ts, 3 s a seed. */
const SEEDS = Number(process.env.PARETOBANDIT_MONEY_SEEDS ?? 3)
const FROM = Number(process.env.PARETOBANDIT_MONEY_FROM ?? 1)
const folder = new Folder()

test.each(Array.from({ length: SEEDS }, (_, i) => FROM + i))(
  'every dollar is accounted for, whatever comes together: seed %d',
  async (seed) => {
    const file = seed % 2 === 0 ? `${folder.path}/gw-${seed}.db` : null
    const { problems, counts } = await new MoneyWorld(seed, { requests: 40, atOnce: 6, file }).run()
    expect(problems).toEqual([])
    const answered = Object.entries(counts).filter(([name]) => name.endsWith(' 200'))
    expect(answered.length).toBeGreaterThan(0)
  },
  120_000,
)
