import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build } from 'esbuild'
import { program } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const WORKERD = program('workerd', [
  '@cloudflare/workerd-linux-64/bin/workerd',
  '@cloudflare/workerd-linux-arm64/bin/workerd',
  '@cloudflare/workerd-darwin-64/bin/workerd',
  '@cloudflare/workerd-darwin-arm64/bin/workerd',
])

export interface WorkerOptions {
  readonly compatibilityDate: string
  /** Texts that the Worker finds in its `env`. */
  readonly bindings?: Readonly<Record<string, string>>
}

/** A Worker as its platform runs it: bundled without Node, with the kernel as a compiled module. It may call this machine. */
export class Worker {
  private readonly folder = mkdtempSync(join(tmpdir(), 'paretobandit-workerd-'))
  private child: ChildProcess | null = null
  private output = ''
  private port = 0

  /** @param source where its code stands, as esbuild takes it */
  async start(source: Pick<BuildOptions, 'stdin' | 'entryPoints'>, options: WorkerOptions): Promise<void> {
    await build({
      ...source,
      outfile: join(this.folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['*.wasm'],
      logLevel: 'error',
    })
    copyFileSync(join(ROOT, 'dist/kernel.wasm'), join(this.folder, 'kernel.wasm'))
    this.port = await freePort()
    writeFileSync(join(this.folder, 'config.capnp'), this.config(options))
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const child = spawn(WORKERD ?? '', ['serve', 'config.capnp'], { cwd: this.folder, stdio: [...stdio] })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.output += data
      })
    this.child = child
  }

  /** Its answer, once it listens. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    for (let i = 0; i < 300; i++) {
      if (this.child?.exitCode !== null) break
      const response = await fetch(`http://127.0.0.1:${this.port}${path}`, init).catch(() => null)
      if (response !== null) return response
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the Worker gave no answer: ${this.output}`)
  }

  /** What it has printed. */
  get printed(): string {
    return this.output
  }

  stop(): void {
    this.child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  private config({ compatibilityDate, bindings = {} }: WorkerOptions): string {
    const texts = Object.entries(bindings).map(
      ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)}),`,
    )
    return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${this.port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.js"),
    (name = "paretobandit/kernel.wasm", wasm = embed "kernel.wasm"),
  ],
  bindings = [${texts.join(' ')}],
  compatibilityDate = "${compatibilityDate}",
);
`
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return address.port
}
