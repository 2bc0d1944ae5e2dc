import type { RequestRecord } from '../../../src/gateway/logs/request-record.js'

/** A request that went well. */
export function record(more: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: 'req_1',
    at: Date.UTC(2027, 0, 1),
    surface: 'chat',
    status: 200,
    outcome: 'answered',
    code: null,
    isStreamed: true,
    key: { id: 'key_a', name: 'bot' },
    tenant: 'support',
    requestedModel: 'auto',
    model: 'small',
    upstream: 'openai',
    protocol: 'openai',
    decision: 'r.1',
    tries: 2,
    tokens: { input: 1000, output: 101, cachedInput: 200 },
    costUsd: 0.002,
    latencyMs: 2500,
    firstTokenMs: 500,
    overheadMs: 0.4,
    ...more,
  }
}
