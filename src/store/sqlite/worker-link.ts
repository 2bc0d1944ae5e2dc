import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ParetoBanditError } from '../../base/errors.js'
import { errorOf } from './failure.js'
import type { LogLink } from './log-link.js'
import type { Call, Op, Reply, Request, Results } from './messages.js'

/** Undefined in a bundle of CommonJS. It has a name of its own: webpack takes `new URL(..., import.meta.url)` for a file to bundle. */
const HERE: string | undefined = import.meta.url

/** From each folder of dist/ the worker is at the same place; tests run from src/ and take what was built. */
function workerUrl(): URL | null {
  if (HERE === undefined) return null
  return new URL(
    HERE.endsWith('.ts') ? '../../../dist/store/sqlite-worker.js' : '../store/sqlite-worker.js',
    HERE,
  )
}

/** Where the worker or what it imports is not there. */
const ADVICE =
  'leave paretobandit out of bundles (external of esbuild and Rollup, serverExternalPackages of Next.js), and have a deployment that copies only what it finds in use copy all of paretobandit/dist'

interface Waiting {
  resolve(value: Results[Op]): void
  reject(error: unknown): void
}

/**
 * A worker and the requests it has not answered. It keeps the process alive while there are some. When it dies they
 * reject with STORE_UNREACHABLE, and later ones with STORE_CLOSED: its lock is gone, and another may be the writer.
 */
export class WorkerLink implements LogLink {
  private readonly worker: Worker
  private readonly description: string
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private failure: ParetoBanditError | null = null

  /** @throws MISSING_DEPENDENCY where the worker's file is not beside this one */
  constructor(description: string, url: URL | null = workerUrl()) {
    this.description = description
    if (url === null || !existsSync(url)) {
      const file = url === null ? 'its file store/sqlite-worker.js' : fileURLToPath(url)
      throw new ParetoBanditError(
        'MISSING_DEPENDENCY',
        description,
        `expected ${file} to be there: ${ADVICE}`,
      )
    }
    // Loaders of the parent, a test runner's for one, are not meant for it.
    // Not by `new`: Turbopack puts a module of its own into the place of an address that it can read there, and that fails.
    this.worker = Reflect.construct(Worker, [url, { execArgv: [] }])
    this.worker.unref()
    this.worker.on('message', (reply: Reply) => this.settle(reply))
    this.worker.on('error', (cause) => this.fail(`its worker failed: ${reasonOf(cause)}`, cause))
    this.worker.on('exit', (code) => this.fail(`its worker stopped with code ${code}`, undefined))
  }

  call<R extends Request>(request: R, buffers: readonly ArrayBuffer[] = []): Promise<Results[R['op']]> {
    if (this.failure !== null) {
      const { message } = this.failure
      const why = message.slice(this.description.length + 2)
      return Promise.reject(
        new ParetoBanditError('STORE_CLOSED', this.description, why, { cause: this.failure }),
      )
    }
    const id = ++this.lastId
    const call: Call = { ...request, id }
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) this.worker.ref()
      // The worker answers a request with the result of its kind.
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      this.worker.postMessage(call, buffers)
    })
  }

  get isDead(): boolean {
    return this.failure !== null
  }

  async stop(): Promise<void> {
    await this.worker.terminate()
  }

  private settle(reply: Reply): void {
    const waiting = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    if (this.waiting.size === 0) this.worker.unref()
    if ('failure' in reply) waiting?.reject(errorOf(reply.failure))
    else waiting?.resolve(reply.value)
  }

  private fail(why: string, cause: unknown): void {
    const message = `${why}; open the store again`
    this.failure ??= new ParetoBanditError('STORE_UNREACHABLE', this.description, message, { cause })
    for (const { reject } of this.waiting.values()) reject(this.failure)
    this.waiting.clear()
  }
}

function reasonOf(cause: unknown): string {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND'
  return isMissing ? `${cause.message}: ${ADVICE}` : String(cause)
}
