import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, with and without a cache of earlier runs: begun last, one of them would run alone at the end. */
const SLOWEST = [
  'log/redis-failover',
  'web/playground',
  'store/sqlite-bits',
  'store/redis-cluster',
  'browser/dashboard-log',
  'cli/serve-demo',
  'gateway/clients/crash',
  'gateway/soak/fleet',
  'cli/state',
  'store/sqlite-damage',
  'store/sqlite-crash',
  'cli/log',
  'store/redis-leases',
  'store/redis',
  'evaluate/coverage',
  'evaluate/router-log',
  'log/redis-replicas',
  'log/replicas',
  'kernel/prune',
  'store/sqlite',
  'cli/feedback',
  'policy/dollar/objectives',
  'kernel/conformance',
  'kernel/settlements',
]

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = SLOWEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return place === -1 ? SLOWEST.length : place
    }
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}
