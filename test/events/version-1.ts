/** An event of each type, and the bytes that release 0.1.0 wrote of it: they are read, and written, the same for ever. */
export const VERSION_1: readonly (readonly [
  event: { readonly type: string; readonly at: number } & Readonly<Record<string, unknown>>,
  hex: string,
])[] = [
  [
    {
      type: 'routed',
      at: 1700000000000.25,
      id: 'r.1',
      model: 'gpt-x',
      context: Float64Array.of(0.5, -1),
      reservedUsd: 0.004,
      listCostUsd: 0.003,
      score: 0.75,
      penaltyWeight: 0,
      forced: true,
      canary: false,
      predictedUsd: 0.0025,
      savedUsd: -1,
      contenders: Float64Array.of(0, 0.75, 0.003),
      latencyPrice: 0.5,
      latencyUse: -1,
      uses: Float64Array.of(0.25),
      tenant: 'größe',
      infeasible: ['budget', 'latency'],
      propensity: 0.5,
      eligible: ['gpt-x', 'b'],
    },
    '010100048056febc784203000000722e31050000006770742d7802000000000000000000e03f000000000000f0bffca9f1d2' +
      '4d62703ffa7e6abc7493683f000000000000e83f000000000000000001007b14ae47e17a643f000000000000f0bf03000000' +
      '0000000000000000000000000000e83ffa7e6abc7493683f000000000000e03f000000000000f0bf01000000000000000000' +
      'd03f01070000006772c3b6c39f650200000006000000627564676574070000006c6174656e6379000000000000e03f020000' +
      '00050000006770742d780100000062739a81ee',
  ],
  [
    {
      type: 'routed',
      at: 1700000000000.25,
      id: 'r.2',
      model: 'gpt-x',
      context: Float64Array.of(),
      reservedUsd: 0,
      listCostUsd: 0,
      score: -0,
      penaltyWeight: 0,
      forced: false,
      canary: true,
      predictedUsd: 0,
      savedUsd: 0,
      contenders: Float64Array.of(),
      latencyPrice: 0,
      latencyUse: 0,
      uses: Float64Array.of(),
      tenant: null,
      infeasible: [],
      propensity: 1,
      eligible: [],
    },
    '010100048056febc784203000000722e32050000006770742d78000000000000000000000000000000000000000000000000' +
      '0000008000000000000000000001000000000000000000000000000000000000000000000000000000000000000000000000' +
      '000000000000000000000000000000f03f000000005e33bf5a',
  ],
  [
    {
      type: 'settled',
      at: 1700000000000.25,
      id: 'r.1',
      model: 'gpt-x',
      costUsd: 0.0031,
      latencyMs: 840,
      logCostRatio: 0.125,
      logLatency: 6.75,
    },
    '010200048056febc784203000000722e31050000006770742d781361c3d32b65693f010000000000408a40000000000000c0' +
      '3f010000000000001b401c43a5b9',
  ],
  [
    {
      type: 'settled',
      at: 1700000000000.25,
      id: 'r.2',
      model: 'gpt-x',
      costUsd: 0,
      latencyMs: null,
      logCostRatio: 0,
      logLatency: null,
    },
    '010200048056febc784203000000722e32050000006770742d780000000000000000000000000000000000004fb8b1c4',
  ],
  [
    { type: 'rewarded', at: 1700000000000.25, id: 'r.1', model: 'gpt-x', reward: 0.875 },
    '010300048056febc784203000000722e31050000006770742d78000000000000ec3f83af73ac',
  ],
  [
    { type: 'failed', at: 1700000000000.25, id: 'r.2', model: 'gpt-x', costUsd: 0.001 },
    '010400048056febc784203000000722e32050000006770742d78fca9f1d24d62503f1f8f79fb',
  ],
  [
    { type: 'expired', at: 1700000000000.25, id: 'r.3', model: 'gpt-x' },
    '010500048056febc784203000000722e33050000006770742d786a79f924',
  ],
  [
    {
      type: 'model-added',
      at: 1700000000000.25,
      model: {
        id: 'gpt-x',
        inputUsdPerMTok: 2.5,
        outputUsdPerMTok: 10,
        cachedInputUsdPerMTok: 1.25,
        reasoningUsdPerMTok: 10,
      },
      logCost: 0.5,
      forcedExploration: 20,
      prior: { precision: Float64Array.of(2, 0.5, 3), response: Float64Array.of(1.5, -0.25) },
      settledPrior: null,
      costCorrection: 1,
    },
    '010600048056febc7842700000007b226964223a226770742d78222c22696e7075745573645065724d546f6b223a322e352c' +
      '226f75747075745573645065724d546f6b223a31302c22636163686564496e7075745573645065724d546f6b223a312e3235' +
      '2c22726561736f6e696e675573645065724d546f6b223a31307d000000000000e03f00000000000034400103000000000000' +
      '0000000040000000000000e03f000000000000084002000000000000000000f83f000000000000d0bf00000000000000f03f' +
      'f1bbd7fc',
  ],
  [
    { type: 'model-removed', at: 1700000000000.25, model: 'gpt-x' },
    '010700048056febc7842050000006770742d78ca773fc1',
  ],
  [
    { type: 'model-enabled', at: 1700000000000.25, model: 'gpt-x' },
    '010800048056febc7842050000006770742d78a2d34037',
  ],
  [
    { type: 'model-disabled', at: 1700000000000.25, model: 'gpt-x' },
    '010900048056febc7842050000006770742d78436512d8',
  ],
  [
    {
      type: 'model-repriced',
      at: 1700000000000.25,
      model: 'gpt-x',
      price: {
        inputUsdPerMTok: 2.5,
        outputUsdPerMTok: 10,
        cachedInputUsdPerMTok: 1.25,
        reasoningUsdPerMTok: 10,
      },
      logCost: 0.375,
    },
    '010a00048056febc7842050000006770742d78630000007b22696e7075745573645065724d546f6b223a322e352c226f7574' +
      '7075745573645065724d546f6b223a31302c22636163686564496e7075745573645065724d546f6b223a312e32352c227265' +
      '61736f6e696e675573645065724d546f6b223a31307d000000000000d83f1ea53429',
  ],
  [
    { type: 'budget-set', at: 1700000000000.25, tenant: null, usdPerRequest: 0.002 },
    '010b00048056febc78420001fca9f1d24d62603f96525ec1',
  ],
  [
    { type: 'budget-set', at: 1700000000000.25, tenant: 'acme', usdPerRequest: null },
    '010b00048056febc7842010400000061636d65006f15f517',
  ],
  [
    {
      type: 'caps-set',
      at: 1700000000000.25,
      tenant: 'acme',
      caps: [
        { usd: 50, per: 'day', window: 'calendar', timeZone: 'Europe/Berlin' },
        { usd: 5, per: 'hour', window: 'rolling', timeZone: null },
      ],
    },
    '010c00048056febc7842010400000061636d65810000005b7b22757364223a35302c22706572223a22646179222c2277696e' +
      '646f77223a2263616c656e646172222c2274696d655a6f6e65223a224575726f70652f4265726c696e227d2c7b2275736422' +
      '3a352c22706572223a22686f7572222c2277696e646f77223a22726f6c6c696e67222c2274696d655a6f6e65223a6e756c6c' +
      '7d5d4fa82f7f',
  ],
  [
    {
      type: 'period-started',
      at: 1700000000000.25,
      tenant: null,
      cap: 1,
      startsAt: 1699999200000,
      endsAt: 1700002800000,
    },
    '010d00048056febc784200000000000000f03f00003093fdbc78420000180201bd7842f41c57c5',
  ],
  [
    { type: 'refused', at: 1700000000000.25, tenant: 'acme' },
    '010e00048056febc7842010400000061636d655f3d3ba9',
  ],
  [
    { type: 'tenant-added', at: 1700000000000.25, tenant: 'acme', usdPerRequest: 0.01 },
    '010f00048056febc78420400000061636d65017b14ae47e17a843fefaaaafe',
  ],
  [
    { type: 'tenant-removed', at: 1700000000000.25, tenant: 'acme' },
    '011000048056febc78420400000061636d6587d66572',
  ],
  [
    { type: 'latency-set', at: 1700000000000.25, limit: { ms: 1500, percentile: 0.95 } },
    '011100048056febc78421d0000007b226d73223a313530302c2270657263656e74696c65223a302e39357de1d457f3',
  ],
  [
    { type: 'latency-set', at: 1700000000000.25, limit: null },
    '011100048056febc7842040000006e756c6cb55bccd5',
  ],
  [
    { type: 'quality-set', at: 1700000000000.25, meanReward: 0.8 },
    '011200048056febc7842019a9999999999e93f60a29412',
  ],
]
