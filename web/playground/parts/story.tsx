import type { ComponentChildren } from 'preact'
import type { Base } from '../messages.js'
import type { ModelSetting } from '../play/setting.js'
import { addModel, change, changeModel, models, setting, started, view } from '../state.js'
import { More } from './more.js'

/** What a price is dropped to, and what a newcomer costs, in parts of the dearest model's price. */
const DROPPED = 0.05
const NEWCOMER = 'kestrel-mini'

/** Four things that happen to everybody who calls models, each a button. */
export function Story() {
  const bases = started.value?.bases ?? []
  const dearest = extreme(bases, (base) => base.meanCostUsd)
  return (
    <section class="story" aria-label="Things that happen">
      <h2>Things that happen</h2>
      <div class="cards">
        <DropPrice id={dearest.id} />
        <BreakModel />
        <Newcomer dearest={dearest} />
        <CutBudget />
      </div>
      <p class="quiet">
        <More about={['price', 'drift', 'newcomer', 'speed']} />
      </p>
    </section>
  )
}

interface CardProps {
  readonly id: string
  readonly isOn: boolean
  readonly label: string
  readonly onClick: () => void
  readonly children: ComponentChildren
}

function Card({ id, isOn, label, onClick, children }: CardProps) {
  return (
    <div class="card">
      <button type="button" id={id} aria-pressed={isOn} onClick={onClick}>
        {label}
      </button>
      <p>{children}</p>
    </div>
  )
}

function DropPrice({ id }: { id: string }) {
  const isOn = (find(id)?.priceFactor ?? 1) < 1
  const priceFactor = isOn ? 1 : DROPPED
  return (
    <Card
      id="drop-price"
      isOn={isOn}
      label={isOn ? 'Raise the price again' : 'Drop a price'}
      onClick={() => changeModel(id, { priceFactor }, `the price of ${id} is ${isOn ? 'back' : 'dropped'}`)}
    >
      <b>{id}</b> {isOn ? `costs ${DROPPED * 100} % of what it did` : `gets ${1 / DROPPED} times cheaper`}.
      The router takes the new price on the next request.
    </Card>
  )
}

/** The model that most requests go to now: it hurts most when that one breaks. */
function BreakModel() {
  const broken = models.value.find(({ state }) => state === 'broken')
  const open = view.value?.models.filter(({ setting: { state } }) => state !== 'out') ?? []
  const busiest = open.length === 0 ? undefined : extreme(open, ({ recentShare }) => recentShare).setting.id
  const id = broken?.id ?? busiest ?? models.value[0]?.id ?? ''
  return (
    <Card
      id="break-model"
      isOn={broken !== undefined}
      label={broken === undefined ? 'Break a model, silently' : 'Mend the model'}
      onClick={() =>
        changeModel(
          id,
          { state: broken === undefined ? 'broken' : 'in' },
          `${id} ${broken === undefined ? 'answers badly' : 'answers well again'}`,
        )
      }
    >
      {broken === undefined ? (
        <>The answers of the busiest model become worth half. Nobody tells the router.</>
      ) : (
        <>
          <b>{id}</b> answers badly. The router finds out from rewards alone, and gives its requests to
          others.
        </>
      )}
    </Card>
  )
}

function Newcomer({ dearest }: { dearest: Base }) {
  const there = find(NEWCOMER)
  const isOn = there !== undefined && there.state !== 'out'
  const click = (): void => {
    if (there !== undefined)
      changeModel(NEWCOMER, { state: isOn ? 'out' : 'in' }, `${NEWCOMER} is ${isOn ? 'out' : 'in'}`)
    else addModel({ id: NEWCOMER, base: dearest.id, priceFactor: DROPPED, qualityFactor: 1, state: 'in' })
  }
  return (
    <Card
      id="add-newcomer"
      isOn={isOn}
      label={isOn ? 'Take the new model out' : 'Add a model'}
      onClick={click}
    >
      <b>{NEWCOMER}</b> answers like {dearest.id} at {DROPPED * 100} % of its price.{' '}
      {isOn ? 'The router finds that out from rewards.' : 'The router has to find that out.'}
    </Card>
  )
}

function CutBudget() {
  const usual = started.value?.usual.budgetUsdPerRequest ?? 0
  const isOn = setting.value?.budgetUsdPerRequest === usual / 2
  return (
    <Card
      id="cut-budget"
      isOn={isOn}
      label={isOn ? 'Give the money back' : 'Halve the budget'}
      onClick={() =>
        change(
          { budgetUsdPerRequest: isOn ? usual : usual / 2 },
          isOn ? 'the usual budget' : 'half of the budget',
        )
      }
    >
      {isOn
        ? 'Spend is half of what it was, and quality no lower than that has to be. It goes up again with the money.'
        : 'Spend goes down with it at once, and quality no more than it must.'}
    </Card>
  )
}

function find(id: string): ModelSetting | undefined {
  return models.value.find((model) => model.id === id)
}

function extreme<T>(items: readonly T[], sizeOf: (item: T) => number): T {
  return items.reduce((best, item) => (sizeOf(item) > sizeOf(best) ? item : best))
}
