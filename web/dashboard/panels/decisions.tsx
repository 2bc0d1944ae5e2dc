import { useEffect, useRef, useState } from 'preact/hooks'
import type { DashboardData, DecisionRow, ExplainedDecision } from '../../../src/gateway/dashboard/shape.js'
import { count, counted, milliseconds, percent, plain, short, time, usd } from '../../shared/format.js'
import { Name, visible } from '../../shared/name.js'
import { type Column, Table } from '../../shared/table.js'
import { ask } from '../api.js'
import { ModelName } from '../model-name.js'
import { Nothing, Panel } from '../panel.js'
import { priceUnit } from '../shadow-price.js'

/** Where each row is a card a few are enough at first. */
const ROWS_FIRST = matchMedia('(max-width: 560px)').matches ? 5 : 15
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
          {open !== null && <Explained key={open} id={open} shown={shown} close={close} />}
          {isHeld !== null && (
            <p class="quiet">
              The list stands still while a decision is open.{' '}
              <button type="button" onClick={close}>
                Go on
              </button>
            </p>
          )}
          <Table
            label="latest decisions, newest first"
            rows={list.slice(0, rows)}
            keyOf={({ id }) => id}
            rowProps={({ id }) => ({ 'data-decision': id, class: id === open ? 'open' : '' })}
            columns={[
              ...columnsAt(shown.at),
              {
                name: 'explanation',
                isSilent: true,
                cell: ({ id, model }) => (
                  <button
                    type="button"
                    aria-expanded={id === open}
                    aria-label={`why ${visible(id)} went to ${visible(model)}`}
                    ref={(button) => {
                      if (button === null) buttons.current.delete(id)
                      else buttons.current.set(id, button)
                    }}
                    onClick={() => (id === open ? close() : look(id))}
                  >
                    Why
                  </button>
                ),
              },
            ]}
          />
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

function columnsAt(now: number): readonly Column<DecisionRow>[] {
  return [
    { name: 'when', cell: ({ at }) => time(at, now) },
    {
      name: 'decision',
      cell: ({ id }) => <Name of="code" text={id} />,
    },
    { name: 'model', cell: ({ model }) => <ModelName id={model} /> },
    { name: 'expected cost', isNumber: true, cell: ({ predictedUsd }) => usd(predictedUsd) },
    { name: 'cost', isNumber: true, cell: ({ costUsd }) => usd(costUsd) },
    { name: 'latency', isNumber: true, cell: ({ latencyMs }) => milliseconds(latencyMs) },
    {
      name: 'reward',
      isNumber: true,
      cell: ({ reward }) => (reward === null ? <small>not yet</small> : plain(reward, 2)),
    },
    { name: 'what became of it', isText: true, cell: becameOf },
  ]
}

function becameOf({ outcome, forced, canary, tenant, infeasible }: DecisionRow): string {
  return [
    outcome,
    ...(forced ? ["a newcomer's turn"] : []),
    ...(canary ? ['a try of one long unused'] : []),
    ...(tenant === null ? [] : [`tenant ${visible(tenant)}`]),
    ...(infeasible.length === 0 ? [] : [`no model could meet: ${infeasible.join(', ')}`]),
  ].join(', ')
}

/** Where the word of the engine alone says too little. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'not-a-candidate': 'cannot serve this request, or may not',
  unavailable: 'does not answer, or its provider asked for a pause',
  unaffordable: 'dearer than what has been saved up',
  'no-better-than-a-cheaper': 'no better than a cheaper one, as far as is known',
  'canary-of-another': 'another one was tried again after a long time',
  'forced-exploration-of-another': 'a newcomer went first',
}

/** How each model stood in one decision. */
function Explained({
  id,
  shown,
  close,
}: {
  readonly id: string
  readonly shown: DashboardData
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
        Why <Name of="code" text={id} /> went where it went
      </h3>
      {problem !== '' && <p role="alert">{problem}</p>}
      {found === null ? (
        problem === '' && <p role="status">Asking …</p>
      ) : (
        <Standing found={found} now={shown.at} unit={priceUnit(shown, 'had')} />
      )}
      <button type="button" onClick={close}>
        Close
      </button>
    </section>
  )
}

function Standing({
  found,
  now,
  unit,
}: {
  readonly found: ExplainedDecision
  readonly now: number
  /** What the shadow price is. */
  readonly unit: string
}) {
  const { chosen, forced, canary, cheapestFallback, propensity, statisticsChanged, models, left, row } = found
  const price = row?.shadowPrice ?? null
  return (
    <>
      <p>
        <Name of="b" text={chosen} />
        {row !== null && ` at ${time(row.at, now)}`}
        {forced
          ? ': a newcomer had its turn, whatever the scores.'
          : canary
            ? ': it had not been used for long and was tried again.'
            : cheapestFallback
              ? ': no model could be paid for, so the cheapest got it.'
              : ' had the best score of those that could be chosen: expected reward, and a bonus for what is unsure, less a price on its dollars.'}{' '}
        {price !== null && `The shadow price was ${short(price)}: ${unit}.`}
        {propensity !== null && propensity < 1 && ` It was left to chance, at ${percent(propensity)}.`}
        {statisticsChanged && ' More has been learned since: these are the figures of now for that request.'}
      </p>
      <Table
        label="how each model stood"
        rows={models}
        keyOf={({ model }) => model}
        rowProps={({ model }) => ({ 'data-explained': model, class: model === chosen ? 'open' : '' })}
        columns={[
          { name: 'model', isHead: true, cell: ({ model }) => <ModelName id={model} /> },
          { name: 'expected reward', isNumber: true, cell: ({ expectedReward }) => plain(expectedReward) },
          { name: '+ bonus', isNumber: true, cell: ({ explorationBonus }) => plain(explorationBonus) },
          { name: '− penalty', isNumber: true, cell: ({ penalty }) => plain(penalty) },
          { name: '= score', isNumber: true, cell: ({ score }) => plain(score) },
          { name: 'expected cost', isNumber: true, cell: ({ expectedCostUsd }) => usd(expectedCostUsd) },
          {
            name: 'why out',
            isText: true,
            cell: ({ model, excluded }) =>
              model === chosen
                ? 'chosen'
                : excluded === null
                  ? 'a lower score'
                  : (LEFT_OUT[excluded] ?? excluded.replaceAll('-', ' ')),
          },
        ]}
      />
      {left > 0 && <p class="quiet">and {counted(left, 'model')} of lower scores.</p>}
    </>
  )
}
