import type { RouterEventType } from './events.js'

/** How a field is written, see `codec.ts`. `?` may be null. */
export type FieldKind =
  | 'number'
  | 'number?'
  | 'text'
  | 'text?'
  | 'boolean'
  | 'numbers'
  | 'texts'
  | 'json'
  | 'statistics?'

type Fields = readonly (readonly [name: string, kind: FieldKind])[]

/** Events of a log: alarms follow from the event before them. */
export type LoggedEventType = Exclude<RouterEventType, 'drift'>

/** What an event of each type is written as: its number, and its fields in order, after `at`. Both never change. */
export const EVENT_FORMATS: Readonly<
  Record<LoggedEventType, { readonly code: number; readonly fields: Fields }>
> = {
  routed: {
    code: 1,
    fields: [
      ['id', 'text'],
      ['model', 'text'],
      ['context', 'numbers'],
      ['reservedUsd', 'number'],
      ['listCostUsd', 'number'],
      ['score', 'number'],
      ['penaltyWeight', 'number'],
      ['forced', 'boolean'],
      ['canary', 'boolean'],
      ['predictedUsd', 'number'],
      ['savedUsd', 'number'],
      ['contenders', 'numbers'],
      ['latencyPrice', 'number'],
      ['latencyUse', 'number'],
      ['uses', 'numbers'],
      ['tenant', 'text?'],
      ['infeasible', 'texts'],
      ['propensity', 'number'],
      ['eligible', 'texts'],
    ],
  },
  settled: {
    code: 2,
    fields: [
      ['id', 'text'],
      ['model', 'text'],
      ['costUsd', 'number'],
      ['latencyMs', 'number?'],
      ['logCostRatio', 'number'],
      ['logLatency', 'number?'],
    ],
  },
  rewarded: {
    code: 3,
    fields: [
      ['id', 'text'],
      ['model', 'text'],
      ['reward', 'number'],
    ],
  },
  failed: {
    code: 4,
    fields: [
      ['id', 'text'],
      ['model', 'text'],
      ['costUsd', 'number'],
    ],
  },
  expired: {
    code: 5,
    fields: [
      ['id', 'text'],
      ['model', 'text'],
    ],
  },
  'model-added': {
    code: 6,
    fields: [
      ['model', 'json'],
      ['logCost', 'number'],
      ['forcedExploration', 'number'],
      ['prior', 'statistics?'],
      ['settledPrior', 'statistics?'],
      ['costCorrection', 'number'],
    ],
  },
  'model-removed': { code: 7, fields: [['model', 'text']] },
  'model-enabled': { code: 8, fields: [['model', 'text']] },
  'model-disabled': { code: 9, fields: [['model', 'text']] },
  'model-repriced': {
    code: 10,
    fields: [
      ['model', 'text'],
      ['price', 'json'],
      ['logCost', 'number'],
    ],
  },
  'budget-set': {
    code: 11,
    fields: [
      ['tenant', 'text?'],
      ['usdPerRequest', 'number?'],
    ],
  },
  'caps-set': {
    code: 12,
    fields: [
      ['tenant', 'text?'],
      ['caps', 'json'],
    ],
  },
  'period-started': {
    code: 13,
    fields: [
      ['tenant', 'text?'],
      ['cap', 'number'],
      ['startsAt', 'number'],
      ['endsAt', 'number'],
    ],
  },
  refused: { code: 14, fields: [['tenant', 'text?']] },
  'tenant-added': {
    code: 15,
    fields: [
      ['tenant', 'text'],
      ['usdPerRequest', 'number?'],
    ],
  },
  'tenant-removed': { code: 16, fields: [['tenant', 'text']] },
  'latency-set': { code: 17, fields: [['limit', 'json']] },
  'quality-set': { code: 18, fields: [['meanReward', 'number?']] },
}
