import { visible } from '../base/visible.js'
import type { RedisKeyReport } from '../store/redis/key-report.js'
import { plural } from './format.js'

/** Keys that are left of a damaged log in Redis, as a person reads them. */
export function renderRedisKeys(found: RedisKeyReport): string {
  const { description, head, entries, snapshots, pots, uploads, processes, wrong, remedy } = found
  const kept = snapshots.map(
    ({ position, bytes, events }) =>
      `${position} (${(bytes / 1024).toFixed(0)} KiB, ${events ?? '?'} events)`,
  )
  const { resume, begin } = remedy
  return [
    description,
    `  head: ${headText(head)}`,
    `  entries: ${entries === null ? 'none' : entries.count}${entries?.first == null ? '' : `, ${entries.first} to ${entries.last}`}`,
    `  snapshots: ${kept.length === 0 ? 'none' : kept.join(', ')}`,
    `  pots: ${pots.there} there, ${pots.recorded} recorded, ${pots.missing.length} gone`,
    `  snapshots on their way in: ${uploads.length}`,
    `  processes: ${processes}`,
    ...wrong.map((line) => `  WRONG: ${line}`),
    '  where nothing is lost a router that is started goes on by itself',
    ...(resume === null ? [] : [`  to go on from the snapshot, without what came after it: ${resume}`]),
    `  to start with an empty log, where nobody else needs these keys: ${begin}`,
    '',
  ]
    .map(visible)
    .join('\n')
}

function headText(head: RedisKeyReport['head']): string {
  if (head === null) return 'none'
  const trimmed = head.trimmed === null ? '' : `, trimmed up to ${head.trimmed}`
  return `log ${head.id ?? '?'}, ${plural(head.events ?? 0, 'event')}${trimmed}`
}
