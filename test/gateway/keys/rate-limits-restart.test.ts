import { afterEach, expect, it } from 'vitest'
import { ENV } from '../config/example.js'
import { served, servedTree, type TestServer } from '../node/serving.js'
import { tempFile } from './record-stores.js'

const open: TestServer[] = []
afterEach(stopAll)

async function stopAll(): Promise<void> {
  for (const server of open.splice(0)) {
    server.stop('test')
    await server.ended
  }
}

it('a restart on SQLite forgets what keys did in the minute before it', async () => {
  const tree = servedTree({
    store: { kind: 'sqlite', file: tempFile() },
    keys: [{ name: 'k', value: '$SUPPORT_BOT_KEY', requestsPerMinute: 1 }],
  })
  const statuses: number[] = []
  for (let start = 0; start < 2; start++) {
    const server = await served(tree)
    open.push(server)
    for (let i = 0; i < 2; i++) {
      const headers = { authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}` }
      statuses.push((await fetch(`${server.url}/v1/models`, { headers })).status)
    }
    await stopAll()
  }
  expect(statuses).toEqual([200, 429, 200, 429])
})
