// The servers of the bench, each a process of its own.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'undici'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
export const CLIENT_KEY = 'bench'
const children = []

/** @returns where it listens, when its output says so */
function start(args, { port = /port (\d+)/, env = {}, profile = null, isInspected = false } = {}) {
  const flags = [
    ...(profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ...(isInspected ? ['--inspect=127.0.0.1:0'] : []),
  ]
  const child = spawn(process.execPath, [...flags, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', isInspected ? 'pipe' : 'inherit'],
  })
  children.push(child)
  const inspector = isInspected ? inspectorOf(child) : null
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (bytes) => {
      text += bytes
      const found = port.exec(text)
      if (found === null) return
      child.stdout.off('data', read).resume()
      resolve({ origin: `http://127.0.0.1:${found[1]}`, child, inspector })
    }
    child.stdout.on('data', read)
    child.once('close', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${text}`)))
  })
}

export const startMock = () => start([here('mock.mjs')])
/** @param isInspected whether its memory can be cleaned up from outside, by `collect` */
export const startBareProxy = (mock, isInspected = false) =>
  start([here('bare-proxy.mjs'), mock], { isInspected })

/** A budget, three models and a key. @param more of a config */
export function configOf(mock, more) {
  const model = (id, factor) => ({
    id,
    upstream: 'mock',
    prices: { inputUsdPerMTok: 0.2 * factor, outputUsdPerMTok: 0.8 * factor },
  })
  return {
    ...more,
    budget: { usdPerRequest: 0.0002 },
    upstreams: [{ id: 'mock', protocol: 'openai', baseUrl: `${mock}/v1`, apiKey: '$MOCK_KEY' }],
    models: [model('small', 1), model('middle', 4), model('large', 12)],
    keys: [{ name: 'bench', sha256: createHash('sha256').update(CLIENT_KEY).digest('hex') }],
  }
}

/** @returns what the gateway's own code takes of the processor for a request, us */
export async function ownCodeUs(requests) {
  const text = execFileSync(process.execPath, [here('own-code.mjs'), String(requests)], { encoding: 'utf8' })
  return Number(/own code (\S+) us/.exec(text)?.[1])
}

/** The bin as an operator runs it: with the journal in SQLite, and a log line a request. */
export async function startGateway(mock, folder, { profile = null, isInspected = false, limits = {} } = {}) {
  const file = join(folder, 'gateway.json')
  const store = { kind: 'sqlite', file: join(folder, 'bench.db') }
  const config = configOf(mock, { listen: { port: 0 }, limits, store })
  await writeFile(file, JSON.stringify(config))
  const bin = here('../../dist/cli/main.js')
  const env = { MOCK_KEY: 'sk-mock-0123456789abcdef' }
  return start([bin, 'serve', file], {
    port: /127\.0\.0\.1:(\d+)","msg":"ready"/,
    env,
    profile,
    isInspected,
  })
}

/** Another gateway in Node, at its plainest: it forwards to the address that a header names. */
export async function startPortkey() {
  const port = await freePort()
  const bin = here('node_modules/@portkey-ai/gateway/build/start-server.js')
  const { child } = await start([bin, `--port=${port}`, '--headless'], { port: /(running|ready|started)/i })
  return { origin: `http://127.0.0.1:${port}`, child }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Time of the processor that a process has had so far, ms; null where the system does not say. */
export function cpuMs({ pid }) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
    // utime and stime, in ticks of 10 ms.
    return 10 * (Number(fields[11]) + Number(fields[12]))
  } catch {
    return null
  }
}

/** @returns where a child that is inspected listens for that */
function inspectorOf(child) {
  return new Promise((resolve) => {
    let text = ''
    child.stderr.on('data', (bytes) => {
      text += bytes
      const [, url] = /(ws:\/\/\S+)/.exec(text) ?? []
      if (url !== undefined) resolve(url)
    })
  })
}

/** Has a process that is inspected clean up its memory. */
export async function collect({ inspector }) {
  const socket = new WebSocket(await inspector)
  const replies = new Map()
  socket.addEventListener('message', ({ data }) => {
    const { id } = JSON.parse(data)
    replies.get(id)?.()
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  for (const [id, method] of ['HeapProfiler.enable', 'HeapProfiler.collectGarbage'].entries()) {
    await new Promise((resolve) => {
      replies.set(id, resolve)
      socket.send(JSON.stringify({ id, method }))
    })
  }
  socket.close()
}

/** What a process has in memory, bytes; null where the system does not say. */
export function residentBytes({ pid }) {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return 4096 * Number(pages)
  } catch {
    return null
  }
}

/** Binds processes, with all of their threads, to cores, such as '0' or '0-1'. @returns false where the system cannot */
export function bind(pids, cores) {
  try {
    for (const pid of pids) execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Ends all, and waits until they have: profiles are written then. */
export async function stopAll() {
  await Promise.all(
    children.splice(0).map((child) => {
      if (child.exitCode !== null) return null
      child.kill('SIGTERM')
      return new Promise((resolve) => {
        const late = setTimeout(() => child.kill('SIGKILL'), 5000)
        child.once('close', () => {
          clearTimeout(late)
          resolve()
        })
      })
    }),
  )
}
