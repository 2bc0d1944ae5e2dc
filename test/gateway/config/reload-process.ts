import { expect, vi } from 'vitest'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import type { WriteLine } from '../../../src/gateway/logs/request-log.js'
import { createRouter, type JournalSettings, type Router, type Store } from '../../../src/index.js'
import { faultyNotes } from '../../support/faulty-notes.js'
import { SharedLog } from '../../support/shared-store.js'
import { ENV, type Tree } from './example.js'
import { FIRST } from './reload-cases.js'

const open: (() => Promise<unknown>)[] = []

/** Closes all that a test has started. */
export async function closeProcesses(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close()
  vi.restoreAllMocks()
}

/** A gateway that reads its file again when it is told to. */
export interface Process extends Gateway {
  readonly router: Router<string>
  /** Messages of its log. */
  readonly lines: readonly string[]
  /** What it reads when it is told to. */
  readonly files: { next: Tree }
  /** Has it read that file again. */
  reloads(tree: Tree): Promise<void>
  asks(method: string, path: string, body?: unknown): Promise<void>
}

export async function started(
  make: () => Store,
  tree: Tree,
  journal: JournalSettings = {},
): Promise<Process> {
  const files = { next: tree }
  const readAgain = () => readConfig(files.next, { name: 'c', env: ENV })
  const config = await readAgain()
  const router = await createRouter<string>({ ...routerOptionsOf(config), store: make(), journal })
  const lines: string[] = []
  const write: WriteLine = (_level, _fields, message) => lines.push(message)
  const gateway = await createGateway({ config, router, surfaces: clientSurfaces(), readAgain, write })
  open.push(() => gateway.close())
  const asks = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${ENV.PARETOBANDIT_ADMIN_KEY}` }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await gateway.fetch(new Request(`http://c/admin${path}`, { method, headers, ...text }))
    expect(answer.ok, await answer.clone().text()).toBe(true)
    expect(await answer.json()).toMatchObject({ durable: true })
  }
  const reloads = async (tree: Tree) => {
    files.next = tree
    await asks('POST', '/reload')
  }
  return { ...gateway, router, lines, files, reloads, asks }
}

export const EDITED: Tree = { ...FIRST, caps: [{ usd: 40, per: 'day' }] }
export const NOT_NOTED =
  'reload: not noted in the store yet; until it is, a restart with this file applies once more what was edited'

/** A process on a log whose notes have faults, and `kill`, after which the log has nothing more of it. */
export async function faulty(tree = FIRST, journal: JournalSettings = {}) {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const log = new SharedLog()
  const { store, faults } = faultyNotes(log.store())
  const process = await started(() => store, tree, { closeMs: 50, ...journal })
  open.push(async () => {
    store.isCutOff = false
  })
  const again = (tree: Tree) => started(() => log.store(), tree)
  const kill = () => {
    store.isCutOff = true
  }
  return { ...process, log, faults, again, kill }
}
