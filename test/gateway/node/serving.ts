import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { type Serving, serve } from '../../../src/gateway/node/serve.js'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import type { MakeSurfaces } from '../../../src/gateway/surfaces.js'
import { ENV, smallTree, type Tree } from '../config/example.js'

export const ADMIN = { 'x-api-key': ENV.PARETOBANDIT_ADMIN_KEY }

/** A config that listens on a free port of this machine, with an admin. */
export function servedTree(more: Tree = {}): Tree {
  return { ...smallTree(), listen: { port: 0 }, admin: { key: '$PARETOBANDIT_ADMIN_KEY' }, ...more }
}

export interface TestServer extends Serving {
  readonly file: string
  readonly lines: readonly { readonly level: string; readonly message: string; readonly fields: Tree }[]
  /** Of its log, as it was set last; null: never. */
  level(): string | null
  rewrite(tree: Tree | Buffer): Promise<void>
  /** Its config is gone. */
  remove(): Promise<void>
}

/** A server of a config, in this process, whose log is kept. */
export async function served(
  tree: Tree = servedTree(),
  surfaces: MakeSurfaces = clientSurfaces({ call: undiciUpstream() }),
  watch = false,
): Promise<TestServer> {
  const file = join(await mkdtemp(join(tmpdir(), 'paretobandit-serve-')), 'gateway.json')
  const rewrite = (next: Tree | Buffer) =>
    writeFile(file, Buffer.isBuffer(next) ? next : JSON.stringify(next))
  const remove = () => rm(file)
  await rewrite(tree)
  let level: string | null = null
  const lines: { level: string; message: string; fields: Tree }[] = []
  const log = {
    write: (level: string, fields: Readonly<Record<string, unknown>>, message: string) =>
      void lines.push({ level, message, fields }),
    setLevel: (next: string) => {
      level = next
    },
    flush: () => {},
    close: () => Promise.resolve(),
  }
  const serving = await serve({ file, surfaces, env: ENV, log, watch })
  return Object.assign(serving, { file, lines, level: () => level, rewrite, remove })
}
