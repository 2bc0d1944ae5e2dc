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
  const list = isHeld === null ? shown.decisions : asTheyAre(isHeld, shown.decisions)
  const buttons = useRef(new Map<string, HTMLButtonElement>())
  const place = useRef<HTMLDivElement>(null)
  const newest = useRef(list)
  newest.current = shown.decisions
  const close = () => {
    const button = open === null ? undefined : buttons.current.get(open)
    setOpen(null)
    // The focus is back in the list, which then still stands still.
    if (button === undefined) setHeld(null)
    else button.focus()
  }
  // While one is looked at the list stands still.
  const look = (id: string) => {
    setHeld(list)
    setOpen(id)
  }
  // And while one is pointed at: where many requests come each row would move away before it is pressed.
  const isEmpty = list.length === 0
  useEffect(() => {
    const table = place.current
    if (table === null || open !== null) return
    const look = () => {
      const isMeant = table.matches(':hover, :has(:focus-visible)')
      setHeld((held) => (isMeant ? (held ?? newest.current) : null))
    }
    // What has the focus next is known a moment later.
    const later = () => setTimeout(look)
    look()
    const names = ['pointerenter', 'pointerleave', 'focusin', 'focusout'] as const
    for (const name of names) table.addEventListener(name, later)
    return () => {
      for (const name of names) table.removeEventListener(name, later)
    }
  }, [open, isEmpty])
  return (
    <Panel
      id="decisions-panel"
      title="Latest decisions"
      lead={`${count(shown.decisions.length)} of the latest decisions are here, newest first. “Why” tells how each model stood. While it is pointed at, or has the focus, the list stands still.`}
    >
      {list.length === 0 ? (
        <Nothing>No request was routed since this page's history began.</Nothing>
      ) : (
        <>
          {open !== null && <Explained key={open} id={open} shown={shown} close={close} />}
          {open !== null && (
            <p class="quiet">
              The list stands still while a decision is open.{' '}
              <button type="button" onClick={close}>
                Go on
              </button>
            </p>
          )}
          <div ref={place}>
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
          </div>
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

/** The rows that are held, each with what has become of it. */
function asTheyAre(held: readonly DecisionRow[], latest: readonly DecisionRow[]): readonly DecisionRow[] {
  const known = new Map(latest.map((row) => [row.id, row]))
  return held.map((row) => known.get(row.id) ?? row)
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
