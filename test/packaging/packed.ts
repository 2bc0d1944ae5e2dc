import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly engines: { readonly node: string }
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

export const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** Of npm on a busy machine; nothing is measured. */
export const PACK_MS_MAX = 180_000

/** Every entry as it is imported, and the file that it leads to. */
export const ENTRIES = Object.entries(MANIFEST.exports).map(([path, target]) => ({
  name: MANIFEST.name + path.slice(1),
  file: typeof target === 'string' ? target : target.default,
}))
/** Those with code: the others are files for tools (JSON, and a kernel for bundlers). */
export const CODE = ENTRIES.filter(({ file }) => file.endsWith('.js')).map(({ name }) => name)

/** @returns the package's file, made in this folder from what stands in dist/ */
export function pack(folder: string): string {
  npm(ROOT, ['pack', '--ignore-scripts', '--pack-destination', folder])
  const [tarball] = readdirSync(folder).filter((file) => file.endsWith('.tgz'))
  return join(folder, tarball)
}

/** An application of somebody else's, in a folder of its own, into which the package was installed as npm packs it. */
export class Application {
  readonly folder = mkdtempSync(join(tmpdir(), 'paretobandit-packed-'))

  /** Packs what stands in dist/, and installs it. Neither needs a network, or finds anything in a cache. */
  constructor() {
    this.write('package.json', '{ "name": "application", "private": true, "type": "module" }')
    const quick = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', this.path('cache')]
    npm(this.folder, ['install', ...quick, pack(this.folder)])
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    writeFileSync(this.path(file), text)
  }

  /** Packages of this repository, as if they were installed beside it. */
  link(...packages: readonly string[]): void {
    for (const name of packages) {
      if (existsSync(this.path('node_modules', name))) continue
      mkdirSync(dirname(this.path('node_modules', name)), { recursive: true })
      symlinkSync(join(ROOT, 'node_modules', name), this.path('node_modules', name))
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function npm(cwd: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args[0]}: ${stderr}`)
}
