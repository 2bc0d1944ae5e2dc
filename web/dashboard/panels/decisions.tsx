import { useEffect, useRef, useState } from 'preact/hooks'
import type { DashboardData, DecisionRow, ExplainedDecision } from '../../../src/gateway/dashboard/shape.js'
import { count, milliseconds, percent, plain, short, time, usd } from '../../shared/format.js'
import { ask } from '../api.js'
import { Nothing, Panel } from '../panel.js'
import { marksOf } from '../state.js'

const ROWS_FIRST = 15
const ROWS_MORE = 50

/** The latest decisions, each with why it was made. */
export function DecisionsPanel({ shown }: { readonly shown: DashboardData }) {
  const [rows, setRows] = useState(ROWS_FIRST)
  const [isHeld, setHeld] = useState<readonly DecisionRow[] | null>(null)
  const [open, setOpen] = useState<string | null>(null)
  const list = isHeld ?? shown.decisions
  const buttons = useRef(new Map<string, HTMLButtonElement>())
  const close = () => {
    const button = open === null ? undefined : buttons.current.get(open)
    setOpen(null)
    setHeld(null)
    button?.focus()
  }
  // While one is looked at the list stands still.
  const look = (id: string) => {
    setHeld(list)
    setOpen(id)
  }
  return (
    <Panel
      id="decisions-panel"
      title="Latest decisions"
      lead={`${count(shown.decisions.length)} of the latest decisions are here, newest first. “Why” tells how each model stood.`}
    >
      {list.length === 0 ? (
        <Nothing>No request was routed since this page's history began.</Nothing>
      ) : (
        <>
          {open !== null && <Explained key={open} id={open} now={shown.at} close={close} />}
          {isHeld !== null && (
            <p class="quiet">
              The list stands still while a decision is open.{' '}
              <button type="button" onClick={close}>
                Go on
              </button>
            </p>
          )}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <section class="scroll" tabIndex={0} aria-label="latest decisions, newest first">
            <table class="wide">
              <thead>
                <tr>
                  <th scope="col">when</th>
                  <th scope="col">decision</th>
                  <th scope="col">model</th>
                  <th scope="col" class="right">
                    expected
                  </th>
                  <th scope="col" class="right">
                    cost
                  </th>
                  <th scope="col" class="right">
                    latency
                  </th>
                  <th scope="col" class="right">
                    reward
                  </th>
                  <th scope="col">what became of it</th>
                  <th scope="col">
                    <span class="unseen">explanation</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.slice(0, rows).map((row) => (
                  <tr key={row.id} data-decision={row.id} class={row.id === open ? 'open' : ''}>
                    <td>{time(row.at, shown.at)}</td>
                    <td>
                      <code class="name" title={row.id}>
                        {row.id}
                      </code>
                    </td>
                    <td>
                      <i class="dot" style={{ background: marksOf.value(row.model).color }} />
                      <span class="name" title={row.model}>
                        {row.model}
                      </span>
                    </td>
                    <td class="right">{usd(row.predictedUsd)}</td>
                    <td class="right">{usd(row.costUsd)}</td>
                    <td class="right">{milliseconds(row.latencyMs)}</td>
                    <td class="right">
                      {row.reward === null ? <small>not yet</small> : plain(row.reward, 2)}
                    </td>
                    <td>{becameOf(row)}</td>
                    <td>
                      <button
                        type="button"
                        aria-expanded={row.id === open}
                        aria-label={`why ${row.id} went to ${row.model}`}
                        ref={(button) => {
                          if (button === null) buttons.current.delete(row.id)
                          else buttons.current.set(row.id, button)
                        }}
                        onClick={() => (row.id === open ? close() : look(row.id))}
                      >
                        Why
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          {list.length > rows && (
            <button type="button" onClick={() => setRows(rows + ROWS_MORE)}>
              Show more
            </button>
          )}
        </>
      )}
    </Panel>
  )
}

function becameOf({ outcome, forced, canary, tenant, infeasible }: DecisionRow): string {
  return [
    outcome,
    ...(forced ? ["a newcomer's turn"] : []),
    ...(canary ? ['a try of one long unused'] : []),
    ...(tenant === null ? [] : [`tenant ${tenant}`]),
    ...(infeasible.length === 0 ? [] : [`nobody could meet: ${infeasible.join(', ')}`]),
  ].join(', ')
}

/** How each model stood in one decision. */
function Explained({
  id,
  now,
  close,
}: {
  readonly id: string
  readonly now: number
  readonly close: () => void
}) {
  const [found, setFound] = useState<ExplainedDecision | null>(null)
  const [problem, setProblem] = useState('')
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const controller = new AbortController()
    heading.current?.focus()
    ask<ExplainedDecision>(`decisions/${encodeURIComponent(id)}`, controller.signal)
      .then(setFound)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setProblem(error instanceof Error ? error.message : String(error))
      })
    return () => controller.abort()
  }, [id])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
  }
  return (
    <section class="explained" aria-labelledby="explained-title" onKeyDown={onKeyDown}>
      <h3 id="explained-title" tabIndex={-1} ref={heading}>
        Why <code class="name">{id}</code> went where it went
      </h3>
      {problem !== '' && <p role="alert">{problem}</p>}
      {found === null ? (
        problem === '' && <p role="status">Asking …</p>
      ) : (
        <Standing found={found} now={now} />
      )}
      <button type="button" onClick={close}>
        Close
      </button>
    </section>
  )
}

function Standing({ found, now }: { readonly found: ExplainedDecision; readonly now: number }) {
  const {
    chosen,
    forced,
    canary,
    cheapestFallback,
    propensity,
    penaltyWeight,
    statisticsChanged,
    models,
    left,
    row,
  } = found
  return (
    <>
      <p>
        <b class="name">{chosen}</b>
        {row !== null && ` at ${time(row.at, now)}`}
        {forced
          ? ': a newcomer had its turn, whatever the scores.'
          : canary
            ? ': it had not been used for long and was tried again.'
            : cheapestFallback
              ? ': no model could be paid for, so the cheapest got it.'
              : ' had the best score of those that could be chosen: expected reward, and a bonus for what is unsure, less a price on its dollars.'}{' '}
        A dollar weighed {short(penaltyWeight)} of reward.
        {propensity !== null && propensity < 1 && ` It was left to chance, at ${percent(propensity)}.`}
        {statisticsChanged && ' More has been learned since: these are the figures of now for that request.'}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="how each model stood">
        <table>
          <thead>
            <tr>
              <th scope="col">model</th>
              <th scope="col" class="right">
                expected reward
              </th>
              <th scope="col" class="right">
                + bonus
              </th>
              <th scope="col" class="right">
                − penalty
              </th>
              <th scope="col" class="right">
                = score
              </th>
              <th scope="col" class="right">
                expected cost
              </th>
              <th scope="col">why out</th>
            </tr>
          </thead>
          <tbody>
            {models.map((each) => (
              <tr key={each.model} class={each.model === chosen ? 'open' : ''} data-explained={each.model}>
                <th scope="row">
                  <i class="dot" style={{ background: marksOf.value(each.model).color }} />
                  <span class="name" title={each.model}>
                    {each.model}
                  </span>
                </th>
                <td class="right">{plain(each.expectedReward)}</td>
                <td class="right">{plain(each.explorationBonus)}</td>
                <td class="right">{plain(each.penalty)}</td>
                <td class="right">{plain(each.score)}</td>
                <td class="right">{usd(each.expectedCostUsd)}</td>
                <td>
                  {each.model === chosen
                    ? 'chosen'
                    : (each.excluded?.replaceAll('-', ' ') ?? 'a lower score')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {left > 0 && <p class="quiet">and {count(left)} models of lower scores.</p>}
    </>
  )
}
