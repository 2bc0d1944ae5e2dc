import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readConfigText } from '../../../src/gateway/config/read-config.js'
import type { Tree } from '../config/example.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const TEXT = read('docker/kubernetes.yaml')

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string }
  readonly periodSeconds: number
  readonly failureThreshold: number
}

interface Container extends Tree {
  readonly ports: readonly Tree[]
  readonly startupProbe: Probe
  readonly readinessProbe: Probe
  readonly livenessProbe: Probe
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } }
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Pod extends Tree {
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly [Container]
  readonly volumes: readonly { readonly name: string }[]
}

interface Objects {
  readonly ConfigMap: { readonly data: { readonly 'gateway.yaml': string } }
  readonly Deployment: {
    readonly spec: Tree & { readonly template: { readonly metadata: Tree; readonly spec: Pod } }
  }
  readonly Service: { readonly spec: Tree }
  readonly PodDisruptionBudget: { readonly spec: Tree }
}

const documents = parseAllDocuments(TEXT)
const objects = Object.fromEntries(
  documents.map((document) => [(document.toJS() as { kind: string }).kind, document.toJS()]),
) as unknown as Objects
const { spec: pod, metadata } = objects.Deployment.spec.template
const [container] = pod.containers
const configText = objects.ConfigMap.data['gateway.yaml']

describe('the manifest for Kubernetes', () => {
  it('is YAML, and its parts name each other', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([])
    expect(Object.keys(objects)).toEqual(['ConfigMap', 'Deployment', 'Service', 'PodDisruptionBudget'])
    const labels = { app: 'paretobandit' }
    expect(metadata).toEqual({ labels })
    expect(objects.Deployment.spec.selector).toEqual({ matchLabels: labels })
    expect(objects.Service.spec.selector).toEqual(labels)
    expect(objects.PodDisruptionBudget.spec.selector).toEqual({ matchLabels: labels })
    const [port] = container.ports
    expect(objects.Service.spec.ports).toEqual([
      { name: 'http', port: port.containerPort, targetPort: port.name },
    ])
    expect(read('docker/Dockerfile')).toContain(`EXPOSE ${port.containerPort}\n`)
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name))
  })

  it('has a config that is right, and takes its secrets from the environment', async () => {
    const config = await readConfigText(configText, { name: 'gateway.yaml', env: null })
    expect(config.models.map(({ id }) => id)).toEqual(['small', 'large'])
    const named = [...configText.matchAll(/\$([A-Z_]+)/g)].map(([, name]) => name)
    for (const name of named) expect(TEXT).toContain(`--from-literal=${name}=`)
    expect(named.sort()).toEqual(['OPENAI_API_KEY', 'PARETOBANDIT_ADMIN_KEY', 'REDIS_URL'])
    expect(container.envFrom).toEqual([{ secretRef: { name: 'paretobandit' } }])
    // But for where its state is, it is that of the compose file.
    const composed = parse(read('docker/gateway.yaml')) as Tree
    const here = parse(configText) as Tree
    expect({ ...here, store: null }).toEqual({ ...composed, store: null })
  })

  it('mounts the config where the image looks for it, as a folder whose files change', () => {
    const config = container.volumeMounts.find(({ name }) => name === 'config')
    expect(read('docker/Dockerfile')).toContain(`"${config?.mountPath}/gateway.yaml"`)
    expect(config).not.toHaveProperty('subPath')
    expect(read('docker/Dockerfile')).toMatch(/^CMD .*"--watch"\]$/m)
  })

  it('waits as long for an end as the gateway may take, and sends nothing to one that ends', async () => {
    const { timeouts } = await readConfigText(configText, { name: 'gateway.yaml', env: null })
    const [command, seconds] = container.lifecycle.preStop.exec.command
    expect(command).toBe('sleep')
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThanOrEqual(
      Number(seconds) * 1000 + timeouts.drainMs + 15_000,
    )
    const { httpGet, periodSeconds } = container.readinessProbe
    expect(httpGet).toEqual({ path: '/readyz', port: 'http' })
    expect(Number(seconds)).toBeGreaterThan(periodSeconds)
  })

  it('kills none that reads a long log or whose store is away', () => {
    expect(container.startupProbe.httpGet.path).toBe('/readyz')
    expect(
      container.startupProbe.periodSeconds * container.startupProbe.failureThreshold,
    ).toBeGreaterThanOrEqual(300)
    // `/readyz` is 503 while the ledger is broken: killing the process mends no disk.
    expect(container.livenessProbe.httpGet.path).toBe('/healthz')
  })

  it('runs as nobody in particular, without rights that it need not have', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(pod.automountServiceAccountToken).toBe(false)
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    const written = container.volumeMounts.map(({ mountPath }) => mountPath)
    expect(written).toContain('/tmp')
    const [, state = 'none'] = /^VOLUME (\S+)$/m.exec(read('docker/Dockerfile')) ?? []
    expect(written).toContain(state)
  })
})
