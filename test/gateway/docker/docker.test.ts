import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readConfigText } from '../../../src/gateway/config/read-config.js'
import type { Tree } from '../config/example.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const DOCKERFILE = read('docker/Dockerfile')

/** Instructions, lines that are continued put together. */
const INSTRUCTIONS = DOCKERFILE.replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

describe('the Dockerfile', () => {
  it('has no mistake that a linter finds', () => {
    expect(validate(DOCKERFILE).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual(
      [],
    )
  })

  it('has several stages on one pinned base image, and the last does not build', () => {
    const from = INSTRUCTIONS.filter((line) => line.startsWith('FROM'))
    expect(from).toHaveLength(3)
    expect(from.every((line) => line.includes('${' + 'NODE_IMAGE}'))).toBe(true)
    expect(DOCKERFILE).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+-[a-z]+-slim$/m)
    const last = INSTRUCTIONS.slice(INSTRUCTIONS.lastIndexOf(from[2]))
    expect(last.filter((line) => /\bnpm\b|^ADD/.test(line))).toEqual([])
  })

  it('runs as nobody in particular, tells whether it is well, and gets the signal itself', () => {
    const user = INSTRUCTIONS.indexOf('USER node')
    expect(user).toBeGreaterThan(INSTRUCTIONS.findLastIndex((line) => line.startsWith('RUN')))
    expect(INSTRUCTIONS.find((line) => line.startsWith('HEALTHCHECK'))).toContain('/readyz')
    // A shell would be the process that is told to end.
    for (const name of ['ENTRYPOINT', 'CMD'])
      expect(INSTRUCTIONS.find((line) => line.startsWith(name))).toMatch(/^\w+ \[/)
  })

  it('copies what is there, and takes nothing into the build that may hold secrets', () => {
    const ignored = read('docker/Dockerfile.dockerignore').trim().split('\n')
    expect(ignored[0]).toBe('*')
    const taken = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    expect(taken.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
    expect(taken.some((path) => /env|docker|git|test/.test(path))).toBe(false)
    expect(read('.gitignore')).toContain('docker/.env\n')
    expect(read('docker/env.example')).not.toMatch(/=./)
  })

  it('takes all that the build reads', () => {
    const taken = read('docker/Dockerfile.dockerignore').split('\n')
    const build = read('scripts/build.mjs')
    const [, roots = ''] = /const roots = \[([^\]]*)\]/.exec(build) ?? []
    const paths = [...roots.matchAll(/'([^']+)'/g)].map(([, path]) => path)
    expect(paths.length).toBeGreaterThan(5)
    const { files } = JSON.parse(read('package.json')) as { files: readonly string[] }
    const made = ['dist']
    const needed = [...paths, ...files.filter((path) => !made.includes(path))]
    const isTaken = (path: string) => taken.includes(`!${path.split('/')[0]}`)
    expect(needed.filter((path) => !isTaken(path))).toEqual([])
  })

  it('installs the redis client that is tested here', () => {
    const { devDependencies } = JSON.parse(read('package.json'))
    expect(DOCKERFILE).toContain(`redis@${devDependencies.redis}`)
    // What an operator adds is installed in the same stage, and nothing is unless they say so.
    expect(DOCKERFILE).toMatch(/^ARG PACKAGES=""$/m)
    expect(INSTRUCTIONS.find((line) => line.startsWith('RUN npm install'))).toContain('${' + 'PACKAGES}')
  })
})

describe('the compose file', () => {
  const compose = parse(read('docker/compose.yaml')) as { services: Record<string, Tree> }

  it('has a gateway and its Valkey, both without rights that they need not have', () => {
    expect(Object.keys(compose.services)).toEqual(['gateway', 'valkey'])
    for (const service of Object.values(compose.services)) {
      expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
      expect(service).not.toHaveProperty('privileged')
    }
    expect(compose.services.gateway).toMatchObject({ read_only: true, env_file: '.env' })
    // Keys of upstreams are behind it: it is for this machine until somebody says otherwise.
    expect(compose.services.gateway.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
    expect(compose.services.valkey).not.toHaveProperty('ports')
    expect(compose.services.valkey.command).toContain('noeviction')
  })

  it('waits as long for an end as the gateway may take', async () => {
    const config = await readConfigText(read('docker/gateway.yaml'), {
      name: 'docker/gateway.yaml',
      env: null,
    })
    const seconds = Number(/^(\d+)s$/.exec(String(compose.services.gateway.stop_grace_period))?.[1])
    expect(seconds * 1000).toBeGreaterThanOrEqual(config.timeouts.drainMs + 15_000)
  })

  it('gives the gateway the names that its config takes secrets from', () => {
    const named = read('docker/gateway.yaml').match(/\$[A-Z_]+(?=[\s}])/g) ?? []
    for (const name of named) expect(read('docker/env.example')).toContain(`${name.slice(1)}=\n`)
    expect(named).toHaveLength(2)
    const told = read('docker/env.example').match(/^[A-Z_]+=$/gm) ?? []
    expect(told.map((line) => `$${line.slice(0, -1)}`).sort()).toEqual([...named].sort())
  })
})
