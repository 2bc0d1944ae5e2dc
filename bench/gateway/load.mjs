// What is measured: how long requests take that come at a rate, and how many are answered at saturation.
import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { collect, cpuMs, residentBytes } from './servers.mjs'

const dispatcher = new Agent({ connections: 256 })
const MESSAGES = [
  { role: 'system', content: 'You answer in short sentences.' },
  {
    role: 'user',
    content: 'Explain in three sentences what a contextual bandit is, and what it is good for.',
  },
]

export const bodyOf = (isStreamed, more = {}) =>
  JSON.stringify({
    model: 'auto',
    messages: MESSAGES,
    max_tokens: 100,
    ...(isStreamed ? { stream: true } : {}),
    ...more,
  })

/**
 * Requests at a rate, each sent when it is due whether or not earlier ones are answered.
 * @returns ms of each from its sending: to the end of the answer, or to the first bytes of a stream that have content
 */
export async function atRate({ origin, headers }, { isStreamed, perSecond, seconds }) {
  const body = bodyOf(isStreamed)
  const times = []
  const underWay = new Set()
  const one = async () => {
    const began = performance.now()
    const answer = await request(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body,
      dispatcher,
    })
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${await answer.body.text()}`)
    let firstAt = null
    for await (const bytes of answer.body)
      if (firstAt === null && bytes.includes('word')) firstAt = performance.now()
    times.push((isStreamed ? firstAt : performance.now()) - began)
  }
  const beganAt = performance.now()
  for (let i = 0; i < perSecond * seconds; i++) {
    const dueAt = beganAt + (1000 * i) / perSecond
    // Timers are coarser than the rate: what is due goes at once, a millisecond's worth together.
    while (performance.now() < dueAt) await wait(1)
    const task = one().finally(() => underWay.delete(task))
    underWay.add(task)
  }
  await Promise.all(underWay)
  return times.sort((a, b) => a - b)
}

export const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]

/**
 * With 16 connections that always wait for an answer.
 * @returns answers a second, the median time of one, and what the server's processor does for one: a busy machine moves the
 * first two and hardly the last
 */
export async function atSaturation(
  autocannon,
  { origin, headers, child },
  seconds,
  { isStreamed = false } = {},
) {
  const before = cpuMs(child)
  const result = await autocannon({
    url: `${origin}/v1/chat/completions`,
    method: 'POST',
    headers,
    body: bodyOf(isStreamed),
    connections: 16,
    duration: seconds,
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${origin}: ${result.non2xx} refused, ${result.errors} failed`)
  const after = cpuMs(child)
  const cpu = before === null || after === null ? null : (after - before) / result['2xx']
  return { perSecond: result['2xx'] / result.duration, p50Ms: result.latency.p50, cpuMs: cpu }
}

/**
 * Streams of which the first token has come, and nothing more.
 * @returns what each takes of the server's memory once that is cleaned up, bytes; null where the system does not say
 */
export async function idleStreamBytes(server, count) {
  const { origin, headers, child } = server
  const body = bodyOf(true, { user: 'idle' })
  const agent = new Agent({ connections: null })
  const opened = async (streams) => {
    const answers = []
    while (answers.length < streams) {
      const many = Array.from({ length: Math.min(100, streams - answers.length) }, () =>
        request(`${origin}/v1/chat/completions`, { method: 'POST', headers, body, dispatcher: agent }),
      )
      answers.push(...(await Promise.all(many)))
    }
    for (const { statusCode, body: stream } of answers) {
      if (statusCode !== 200) throw new Error(`${statusCode}: ${await stream.text()}`)
      await new Promise((resolve) => stream.once('data', resolve))
    }
  }
  const settled = async () => {
    for (let i = 0; i < 3; i++) {
      await wait(500)
      await collect(server)
    }
    return residentBytes(child)
  }
  // What the first streams make is there for all later ones.
  await opened(count / 4)
  const before = await settled()
  await opened(count)
  const after = await settled()
  await agent.destroy()
  return before === null || after === null ? null : (after - before) / count
}
