import type { DashboardData, Mark } from '../../../src/gateway/dashboard/shape.js'
import { time } from '../../shared/format.js'
import { Nothing, Panel } from '../panel.js'

const SHOWN_MAX = 60
const SIGNS: Readonly<Record<Mark['kind'], string>> = { alarm: '▲', recovery: '●', change: '◆' }
const WORDS: Readonly<Record<Mark['kind'], string>> = {
  alarm: 'alarm',
  recovery: 'recovery',
  change: 'change',
}

/** Alarms, recoveries and what operators changed. */
export function TimeLinePanel({ shown }: { readonly shown: DashboardData }) {
  const { marks, stats, kind } = shown
  const latest = folded(marks).slice(-SHOWN_MAX).reverse()
  const alarms = stats.models.filter(
    (model) => model.rewardAlarms + model.costAlarms + model.latencyAlarms + model.outages > 0,
  )
  return (
    <Panel
      id="time-line-panel"
      title="Time line"
      lead={
        kind === 'log'
          ? 'What operators changed. A log keeps how often alarms were raised, not when: those of before this page was opened are counted below.'
          : 'Alarms, recoveries, and what operators changed, since this gateway was started.'
      }
    >
      {latest.length === 0 ? (
        <Nothing>No alarm was raised, and nothing was changed.</Nothing>
      ) : (
        <>
          <Strip marks={marks} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <section class="scroll tall" tabIndex={0} aria-label="alarms and changes, newest first">
            <ol class="marks">
              {latest.map((mark) => (
                <li key={mark.number} class={mark.kind} data-mark={mark.type}>
                  <span class="sign" aria-hidden="true">
                    {SIGNS[mark.kind]}
                  </span>
                  <span>
                    <small>
                      {time(mark.at, shown.at)} · {WORDS[mark.kind]} · <code>{mark.type}</code>
                    </small>
                    <br />
                    {(mark.model ?? mark.tenant) !== null && (
                      <b class="name" title={mark.model ?? mark.tenant ?? ''}>
                        {mark.model ?? `tenant ${mark.tenant}`}
                      </b>
                    )}{' '}
                    {mark.text}
                    {mark.times > 1 && ` (and ${mark.times - 1} times before)`}
                  </span>
                </li>
              ))}
            </ol>
          </section>
        </>
      )}
      {alarms.length > 0 && (
        <p class="quiet">
          Alarms in all:{' '}
          {alarms.map((model, i) => (
            <span key={model.id}>
              {i > 0 && '; '}
              <span class="name">{model.id}</span> {countsOf(model)}
            </span>
          ))}
          .
        </p>
      )}
    </Panel>
  )
}

/**
 * A model that goes down and comes back again and again would push all else out: of its downs, and of its ups, the latest stands for all.
 * @returns oldest first, each with how often it came
 */
function folded(marks: readonly Mark[]): readonly (Mark & { readonly times: number })[] {
  const times = new Map<string, number>()
  const kept: (Mark & { readonly times: number })[] = []
  const keyOf = ({ type, kind, model }: Mark) => `${type} ${kind} ${model}`
  for (const mark of marks) times.set(keyOf(mark), (times.get(keyOf(mark)) ?? 0) + 1)
  const seen = new Set<string>()
  for (const mark of [...marks].reverse()) {
    const key = keyOf(mark)
    const isMany = mark.type === 'availability'
    if (isMany && seen.has(key)) continue
    seen.add(key)
    kept.push({ ...mark, times: isMany ? (times.get(key) ?? 1) : 1 })
  }
  return kept.reverse()
}

function countsOf(model: DashboardData['stats']['models'][number]): string {
  const counts = [
    [model.rewardAlarms, 'of reward'],
    [model.costAlarms, 'of cost'],
    [model.latencyAlarms, 'of latency'],
    [model.outages, 'of being down'],
  ] as const
  return counts
    .filter(([number]) => number > 0)
    .map(([number, what]) => `${number} ${what}`)
    .join(', ')
}

/** All of them on one line; the list tells them in words. */
function Strip({ marks }: { readonly marks: readonly Mark[] }) {
  const first = marks[0]?.at ?? 0
  const span = Math.max(1, (marks[marks.length - 1]?.at ?? 1) - first)
  return (
    <svg class="strip" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <line x1={0} x2={100} y1={6} y2={6} class="base" vector-effect="non-scaling-stroke" />
      {marks.map(({ number, at, kind }) => {
        const x = 1 + (98 * (at - first)) / span
        return (
          <line key={number} x1={x} x2={x} y1={1} y2={11} class={kind} vector-effect="non-scaling-stroke" />
        )
      })}
    </svg>
  )
}
