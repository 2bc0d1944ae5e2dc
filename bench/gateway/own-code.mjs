// What the gateway's own code takes of a request: from its body to the text of its answer, with the provider's answer at hand. No
// sockets, no store and no file of a log: those are the system's, and every proxy's.
//     node bench/gateway/own-code.mjs [REQUESTS]
import { createHash } from 'node:crypto'
import {
  clientSurfaces,
  createGateway,
  memoryRecords,
  readConfig,
  routerOptionsOf,
} from '../../dist/gateway.js'
import { createRouter } from '../../dist/index.js'
import { bodyOf } from './load.mjs'
import { WHOLE } from './provider-answer.mjs'
import { CLIENT_KEY, configOf } from './servers.mjs'

const REQUESTS = Number(process.argv[2] ?? 40_000)
const AT_ONCE = 16

const tree = configOf('http://127.0.0.1:1', {})
const config = await readConfig(tree, { name: 'bench', env: { MOCK_KEY: 'sk-mock-0123456789abcdef' } })
const router = await createRouter(routerOptionsOf(config))
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
let chars = 0
const gateway = await createGateway({
  config,
  router,
  records: memoryRecords(),
  surfaces: clientSurfaces({ call: answered }),
  write: (level, fields, message) => {
    chars += JSON.stringify({ level, ...fields, message }).length
  },
  digest: sha256,
})
const body = Buffer.from(bodyOf(false))
const headers = { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' }
const request = {
  headers: { get: (name) => headers[name] ?? null },
  isGone: false,
  onGone: () => {},
  body: () => Promise.resolve(body),
}

await run(REQUESTS / 2)
const before = process.cpuUsage()
await run(REQUESTS)
const { user, system } = process.cpuUsage(before)
if (chars === 0) throw new Error('expected a line of the log a request')
console.log(`own code ${((user + system) / REQUESTS).toFixed(1)} us`)
process.exit(0)

/** The provider, at hand. */
async function answered(call) {
  call.markSent?.(true)
  let left = Buffer.from(WHOLE)
  const take = () => {
    const chunk = left
    left = null
    return chunk
  }
  const next = async () => {
    const value = take()
    return value === null ? { done: true, value: undefined } : { done: false, value }
  }
  const end = async () => ({ done: true, value: undefined })
  const header = (name) => (name === 'content-type' ? 'application/json' : null)
  return { status: 200, header, body: { take, next, return: end } }
}

async function run(count) {
  for (let i = 0; i < count; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, one))
    // Timers and what waits for the end of a turn.
    if (i % (64 * AT_ONCE) === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

async function one() {
  const answer = await gateway.complete('/v1/chat/completions', request)
  answer.sent?.()
  if (answer.status !== 200) throw new Error(answer.body)
}
