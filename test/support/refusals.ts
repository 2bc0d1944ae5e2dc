import { expect, it } from 'vitest'
import type { ErrorCode } from '../../src/base/errors.js'
import type { Router } from '../../src/router/router.js'
import { expectCode } from './errors.js'
import { makeBench, X } from './router.js'

/** What is called, the call, its error's code and field, and what the message must say. */
export type Refusal = readonly [string, (router: Router) => unknown, ErrorCode, string, string]

/** One test a refusal, on a router that has routed 'r.1', and routed, settled and rewarded 'r.2'. */
export function testRefusals(refusals: readonly Refusal[]): void {
  it.each(refusals)('%s', async (_, call, code, field, says) => {
    const { router, log } = await makeBench()
    router.route(X)
    const { id } = router.route(X)
    router.settle(id, { costUsd: 0.001 })
    router.reward(id, 0.5)
    const before = router.snapshot()
    const { message } = expectCode(() => call(router), code, field)
    expect(message).toContain(says)
    expect(message.length).toBeLessThan(400)
    expect(router.snapshot()).toEqual(before)
    expect(log.length).toBe(4)
  })
}
