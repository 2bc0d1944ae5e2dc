import { percent, reward, usdPerThousand } from '../../../src/report/format.js'
import { count } from '../../shared/format.js'
import { visible } from '../../shared/name.js'
import type { ModelMark } from '../../shared/palette.js'
import { type Column, Table } from '../../shared/table.js'
import { marksOf } from '../colors.js'
import { type ModelSetting, PRICE_FACTOR_RANGE } from '../play/setting.js'
import type { ModelView } from '../play/view.js'
import { changeModel, models, started, view } from '../state.js'
import { Swatch } from './figure.js'
import { Fold } from './fold.js'
import { More } from './more.js'

/** A line a model: what it is, what the router made of it, and what can be done to it. */
export function Models() {
  const markOf = marksOf(started.value?.bases ?? [], models.value)
  return (
    <Fold id="models" title="Models">
      <p class="quiet">
        Take one out, change its price, or let its answers be worth half. <More about={['models']} />
      </p>
      <Table
        label="Table of models"
        rows={models.value}
        keyOf={({ id }) => id}
        columns={columnsOf(markOf, new Map(view.value?.models.map((model) => [model.setting.id, model])))}
      />
    </Fold>
  )
}

function columnsOf(
  markOf: (id: string) => ModelMark,
  seen: ReadonlyMap<string, ModelView>,
): readonly Column<ModelSetting>[] {
  const statsOf = (id: string) => view.value?.stats.models.find((each) => each.id === id)
  const number = (name: string, cell: Column<ModelSetting>['cell']): Column<ModelSetting> => ({
    name,
    cell,
    isNumber: true,
  })
  return [
    {
      name: 'Model',
      isHead: true,
      cell: ({ id }) => (
        <>
          <Swatch mark={markOf(id)} />
          {visible(id)}
          <small>{priceText(seen.get(id))}</small>
        </>
      ),
    },
    { name: 'In use', cell: (model) => <InUse model={model} /> },
    { name: 'Price, % of list', cell: (model) => <Price model={model} /> },
    { name: 'Answers', cell: (model) => <Answers model={model} /> },
    number('Share now', ({ id }) => percent(seen.get(id)?.recentShare ?? 0)),
    number('Requests', ({ id }) => count(statsOf(id)?.requests ?? 0)),
    number('Quality seen', ({ id }) => {
      const mean = statsOf(id)?.meanReward ?? null
      return mean === null ? '–' : reward(mean)
    }),
    number('Cost seen, $ / 1,000', ({ id }) => {
      const mean = statsOf(id)?.meanCostUsd ?? null
      return mean === null ? '–' : usdPerThousand(mean)
    }),
  ]
}

interface OfModel {
  readonly model: ModelSetting
}

function InUse({ model: { id, state } }: OfModel) {
  const isOut = state === 'out'
  return (
    <input
      type="checkbox"
      aria-label={`Use ${visible(id)}`}
      checked={!isOut}
      onChange={() => changeModel(id, { state: isOut ? 'in' : 'out' }, `${id} is ${isOut ? 'in' : 'out'}`)}
    />
  )
}

function Answers({ model: { id, state } }: OfModel) {
  return (
    <select
      aria-label={`Answers of ${visible(id)}`}
      disabled={state === 'out'}
      value={state === 'broken' ? 'broken' : 'in'}
      onChange={(event) =>
        changeModel(
          id,
          { state: event.currentTarget.value === 'broken' ? 'broken' : 'in' },
          `answers of ${id} changed`,
        )
      }
    >
      <option value="in">as recorded</option>
      <option value="broken">worth half</option>
    </select>
  )
}

function Price({ model: { id, priceFactor } }: OfModel) {
  const [low, high] = PRICE_FACTOR_RANGE
  const setPrice = (input: HTMLInputElement): void => {
    const percentOf = Number(input.value)
    if (input.value.trim() === '' || !(percentOf >= low * 100 && percentOf <= high * 100)) {
      input.value = percentText(priceFactor)
      return
    }
    changeModel(id, { priceFactor: percentOf / 100 }, `price of ${id}: ${percentOf} % of list`)
  }
  return (
    <input
      type="number"
      aria-label={`Price of ${visible(id)}, % of list`}
      min={low * 100}
      max={high * 100}
      step="any"
      value={percentText(priceFactor)}
      onChange={(event) => setPrice(event.currentTarget)}
    />
  )
}

function percentText(factor: number): string {
  return String(Number((factor * 100).toPrecision(6)))
}

function priceText(model: ModelView | undefined): string {
  if (model === undefined) return ''
  const usd = (price: number): string => `$${Number(price.toPrecision(3))}`
  const { inputUsdPerMTok, outputUsdPerMTok } = model.spec
  return `${usd(inputUsdPerMTok)} in, ${usd(outputUsdPerMTok)} out per 1M tokens`
}
