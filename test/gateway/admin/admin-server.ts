import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { followAddedModels } from '../../../src/gateway/admin/added-models.js'
import { adminApp } from '../../../src/gateway/admin/admin-app.js'
import type { AdminDeps } from '../../../src/gateway/admin/deps.js'
import { LiveConfig } from '../../../src/gateway/config/live-config.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { Keyring } from '../../../src/gateway/keys/keyring.js'
import { memoryRecords, type RecordStore } from '../../../src/gateway/keys/records.js'
import { SharedRecords } from '../../../src/gateway/keys/shared-records.js'
import { memoryNotes } from '../../../src/gateway/notes/notes.js'
import { createRouter } from '../../../src/index.js'
import { ENV, exampleTree, type Tree } from '../config/example.js'

export const ADMIN_KEY = ENV.PARETOBANDIT_ADMIN_KEY

export interface Answer {
  readonly status: number
  readonly body: Tree & { readonly error?: { readonly code: string; readonly message: string } }
}

/** The admin API on a socket, over a router without a store. @param more in place of what it would work on */
export async function adminServer(
  tree: Tree = exampleTree(),
  records: RecordStore = memoryRecords(),
  more: Partial<AdminDeps> = {},
) {
  const config = await readConfig(tree, { name: 'c', env: ENV })
  const router = await createRouter<string>(routerOptionsOf(config))
  const live = new LiveConfig(config, router)
  const told: string[] = []
  const onProblem = (message: string) => void told.push(message)
  const now = Date.now
  const shared = await SharedRecords.open(records, { refreshMs: () => 1000, now, onProblem })
  followAddedModels(shared, live, router, onProblem)
  const keyring = new Keyring({ config: () => live.current, records: shared, now, onProblem })
  const files = { next: tree }
  const app = adminApp({
    live,
    router,
    records,
    shared,
    notes: memoryNotes(() => 1000),
    now,
    reload: async () => live.replace(await readConfig(files.next, { name: 'gateway.yaml', env: ENV })),
    rewardReport: null,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    onChange: (what) => void told.push(what),
    onDoubt: (what) => void told.push(`doubt: ${what}`),
    onWrongKey: (place) => void told.push(`wrong key: ${place}`),
    onError: (error) => void told.push(`error: ${String(error)}`),
    durableMs: 1000,
    ...more,
  })
  const server = serve({ fetch: new Hono().route('/admin', app).fetch, port: 0, hostname: '127.0.0.1' })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/admin`
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${ADMIN_KEY}` },
  ): Promise<Answer> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: text }),
    })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
  const routes = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path}`)
  const close = () => new Promise((resolve) => server.close(resolve))
  return { url, call, routes, close, router, live, shared, keyring, told, files, records }
}
