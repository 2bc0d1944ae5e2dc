import { visible } from '../base/visible.js'
import { fixed, plural, usd } from './format.js'
import type { EventSummary, LogInspection } from './state/log-inspection.js'
import { renderStats } from './stats.js'
import { renderTable } from './table.js'

/** What a log holds, as a person reads it. */
export function renderInspection(found: LogInspection): string {
  const parts = [
    renderLog(found),
    renderStats(found.stats, found.tenants),
    renderPending(found),
    renderAlarms(found),
    renderEvents(found.latest),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function renderLog({
  log,
  header,
  settings,
  positions,
  bytes,
  snapshots,
  damage,
  events,
  sha256,
}: LogInspection): string {
  const size = bytes === null ? '' : `, ${(bytes / 1024).toFixed(0)} KiB`
  const kept = snapshots.map((snapshot) => `${snapshot.position} (${(snapshot.bytes / 1024).toFixed(0)} KiB)`)
  const refused = events.refused === 0 ? '' : `, ${events.refused} of them refused`
  return [
    log,
    `  positions: after ${positions.start === '' ? 'the beginning' : positions.start}, to ${positions.end === '' ? 'the beginning' : positions.end}${size}`,
    `  snapshots: ${kept.length === 0 ? 'none' : kept.join(', ')}; ${plural(events.folded + events.refused, 'event')} after it${refused}`,
    `  digest at ${positions.folded === '' ? 'the beginning' : positions.folded}: ${sha256}`,
    `  begun with: ${list(header.settings)}`,
    ...(settings === null
      ? []
      : [`  kept by the command line: ${list(settings as Record<string, unknown>)}`]),
    ...damage.map((line) => `  DAMAGE: ${visible(line)}`),
    '',
  ].join('\n')
}

function list(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => visible(`${name} ${String(value)}`))
    .join(', ')
}

function renderPending({ pending }: LogInspection): string {
  if (pending.waiting === 0) return 'no request waits for feedback\n'
  const head = `${plural(pending.waiting, 'request')} ${pending.waiting === 1 ? 'waits' : 'wait'} for feedback, the oldest since ${pending.oldestAt}\n`
  const columns = [
    { title: 'request' },
    { title: 'model' },
    { title: 'routed' },
    { title: 'reserved', align: 'right' as const },
    { title: 'has' },
  ]
  const rows = pending.requests.map(({ id, model, routedAt, reservedUsd, has }) => [
    id,
    model ?? '(removed)',
    routedAt,
    usd(reservedUsd),
    has.join(', '),
  ])
  return head + renderTable(columns, rows)
}

function renderAlarms({ alarms }: LogInspection): string {
  if (alarms.length === 0) return 'no alarm of drift, of bills or of models that do not answer\n'
  return alarms
    .map(({ model, reward, cost, latency, implausibleBills, outages, isAvailable, isReachable }) => {
      const name = visible(model)
      return [
        ...(reward + cost + latency === 0
          ? []
          : [`drift of ${name}: rewards ${reward}, costs ${cost}, latencies ${latency} times\n`]),
        ...(implausibleBills === 0
          ? []
          : [
              `bills of ${name}: ${plural(implausibleBills, 'bill')} far beyond what the request could cost\n`,
              "  where one is wrong, 'paretobandit correct ID --cost USD --state LOG' books another in its place\n",
            ]),
        ...(outages === 0
          ? []
          : [
              `${name} was down ${plural(outages, 'time')}${isAvailable ? '' : ', and does not answer now'}\n`,
            ]),
        ...(isReachable ? [] : [`${name} is out of reach of every account\n`]),
      ].join('')
    })
    .join('')
}

function renderEvents(events: readonly EventSummary[]): string {
  if (events.length === 0) return ''
  const rows = events.map((event) => [
    event.at === null ? '?' : new Date(event.at).toISOString(),
    event.type,
    describe(event),
  ])
  return `latest events\n${renderTable([{ title: 'time' }, { title: 'event' }, { title: '' }], rows)}`
}

function describe(event: EventSummary): string {
  const { type, at, score, ...rest } = event
  if (type === 'routed') {
    const { id, model, tenant, reservedUsd } = rest
    const whose = tenant === null ? '' : ` for ${String(tenant)}`
    return `${String(id)} to ${String(model)}${whose}, ${usd(Number(reservedUsd))} reserved, score ${fixed(Number(score), 4)}`
  }
  return Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ')
}
