import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longest, with and without a cache of earlier runs: begun last, one of them would run alone at the end. */
const SLOWEST = [
  'log/redis-failover',
  'web/playground',
  'cli/serve',
  'packaging/installed',
  'log/shared-caps',
  'browser/dashboard',
  'log/differences',
  'web/site',
  'cli/feedback',
  'browser/dashboard-log',
  'store/sqlite-damage',
  'packaging/bundled',
  'gateway/clients/crash-feedback',
  'cli/log',
  'cli/state',
  'browser/dashboard-trouble',
  'gateway/surfaces/wrong-kinds',
  'gateway/soak/fleet',
  'cli/explain',
  'cli/dashboard',
  'gateway/clients/replicas',
  'recorded/recorded',
  'store/sqlite-crash',
  'kernel/scale',
  'store/redis-cluster',
  'cli/import-log',
  'log/rolling-spend',
  'gateway/clients/crash',
  'cli/inputs',
  'store/redis',
  'store/sqlite',
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
