import { expect, it } from 'vitest'
import { afterQuietly } from '../../../src/base/after.js'
import { WatchedBody } from '../../../src/gateway/upstreams/watched-body.js'

/** A body of pieces of that many bytes, each there when it is asked for. */
function body(pieces: number, bytes: number, ms: number): WatchedBody {
  async function* chunks() {
    for (let i = 0; i < pieces; i++) yield new Uint8Array(bytes)
  }
  return new WatchedBody(chunks(), afterQuietly, () => ({ ms, what: 'too late' }))
}

it('what has come is read when its time is over: a process may have stood still', async () => {
  expect(await body(1000, 100, -5000).text(1e9)).toHaveLength(100_000)
})

it('an upstream that sends without end is given up, in small pieces and in large ones', async () => {
  for (const bytes of [1, 65_536])
    await expect(body(1e9, bytes, 0).text(1e12)).rejects.toMatchObject({ code: 'upstream_timeout' })
})

it('as much as there is time for is read', async () => {
  expect(await body(10_000, 1, 60_000).text(1e9)).toHaveLength(10_000)
})
