import { isRecord } from '../../base/check.js'
import type { MetricsRegistry } from './registry.js'

/** As much of `process` as is read: that of Node, Bun and Deno. */
interface Process {
  memoryUsage(): Readonly<Record<'rss' | 'heapTotal' | 'heapUsed' | 'external', number>>
  cpuUsage(): Readonly<Record<'user' | 'system', number>>
  uptime(): number
}

const MEMORY = [
  ['process_resident_memory_bytes', 'Memory of the process', 'rss'],
  ['nodejs_heap_size_total_bytes', 'Memory that V8 has taken for objects', 'heapTotal'],
  [
    'nodejs_heap_size_used_bytes',
    'Of that, what objects take; also those that wait to be collected',
    'heapUsed',
  ],
  ['nodejs_external_memory_bytes', 'Memory of buffers beside them', 'external'],
] as const

/** What the process takes of its machine, by the names that dashboards for Node know. On runtimes without `process`: nothing. */
export function processMetrics(registry: MetricsRegistry, now: () => number): void {
  const { process } = globalThis as { readonly process?: unknown }
  if (!isProcess(process)) return
  for (const [name, help, field] of MEMORY)
    registry.gauge(name, help, [], () => [[{}, process.memoryUsage()[field]]])
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  }
  registry.gauge('process_cpu_seconds_total', "Processor's time", [], () => [[{}, cpuSeconds()]], 'counter')
  const startSeconds = now() / 1000 - process.uptime()
  registry.gauge('process_start_time_seconds', 'When it was started, since 1970', [], () => [
    [{}, startSeconds],
  ])
}

function isProcess(process: unknown): process is Process {
  return (
    isRecord(process) &&
    ['memoryUsage', 'cpuUsage', 'uptime'].every((name) => typeof process[name] === 'function')
  )
}
