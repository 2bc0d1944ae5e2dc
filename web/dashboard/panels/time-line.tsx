import type { DashboardData, Mark } from '../../../src/gateway/dashboard/shape.js'
import { time } from '../../shared/format.js'
import { Name } from '../../shared/name.js'
import { Scroll } from '../../shared/scroll.js'
import { type FoldedMark, folded } from '../folded.js'
import { Nothing, Panel } from '../panel.js'
import { alarmsOf, timesBefore } from '../words.js'

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
  const told = folded(marks)
  const latest = told.slice(-SHOWN_MAX).reverse()
  const alarms = stats.models.filter((model) => alarmsOf(model) !== '')
  return (
    <Panel
      id="time-line-panel"
      title="Time line"
      lead={
        kind === 'log'
          ? 'What operators changed. A log keeps how often alarms were raised, not when: earlier ones than this page are counted below.'
          : 'Alarms, recoveries, and what operators changed, since this gateway was started.'
      }
    >
      {latest.length === 0 ? (
        <Nothing>No alarm was raised, and nothing was changed.</Nothing>
      ) : (
        <>
          <Strip marks={told} now={shown.at} />
          <Scroll name="scroll tall" label="alarms and changes, newest first">
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
                      <Name of="b" text={mark.model ?? `tenant ${mark.tenant}`} />
                    )}{' '}
                    {mark.text}
                    {mark.times > 1 && ` (and ${timesBefore(mark.times - 1)})`}
                  </span>
                </li>
              ))}
            </ol>
          </Scroll>
        </>
      )}
      {alarms.length > 0 && (
        <p class="quiet">
          Alarms in all:{' '}
          {alarms.map((model, i) => (
            <span key={model.id}>
              {i > 0 && '; '}
              <Name text={model.id} /> {alarmsOf(model)}
            </span>
          ))}
          .
        </p>
      )}
    </Panel>
  )
}

/** All of them on one line, of what comes again and again the latest; the list tells them in words. */
function Strip({ marks, now }: { readonly marks: readonly FoldedMark[]; readonly now: number }) {
  const first = marks[0]?.at ?? 0
  const last = marks[marks.length - 1]?.at ?? 0
  const span = Math.max(1, last - first)
  return (
    <div aria-hidden="true">
      <svg class="strip" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <line x1={0} x2={100} y1={6} y2={6} class="base" vector-effect="non-scaling-stroke" />
        {marks.map(({ number, at, kind }) => {
          const x = 1 + (98 * (at - first)) / span
          return (
            <line key={number} x1={x} x2={x} y1={1} y2={11} class={kind} vector-effect="non-scaling-stroke" />
          )
        })}
      </svg>
      <p class="ends">
        <small>{time(first, now)}</small> {last > first && <small>{time(last, now)}</small>}
      </p>
    </div>
  )
}
