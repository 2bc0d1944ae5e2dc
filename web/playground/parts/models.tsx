import { percent, reward, usdPerThousand } from '../../../src/report/format.js'
import { count } from '../../shared/format.js'
import { Scroll } from '../../shared/scroll.js'
import { colorsOf } from '../colors.js'
import { type ModelSetting, PRICE_FACTOR_RANGE } from '../play/setting.js'
import type { ModelView } from '../play/view.js'
import { changeModel, models, started, view } from '../state.js'
import { Swatch } from './figure.js'

/** A line a model: what it is, what the router made of it, and what can be done to it. */
export function Models() {
  const colorOf = colorsOf(started.value?.bases ?? [], models.value)
  const seen = new Map(view.value?.models.map((model) => [model.setting.id, model]))
  return (
    <section aria-label="Models">
      <h2>Models</h2>
      <Scroll name="scroll" label="Table of models">
        <table id="models">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">In use</th>
              <th scope="col">Price, % of list</th>
              <th scope="col">Answers</th>
              <th scope="col" class="number">
                Share now
              </th>
              <th scope="col" class="number">
                Requests
              </th>
              <th scope="col" class="number">
                Quality seen
              </th>
              <th scope="col" class="number">
                Cost seen, $ / 1,000
              </th>
            </tr>
          </thead>
          <tbody>
            {models.value.map((model) => (
              <Line key={model.id} model={model} color={colorOf(model.id)} seen={seen.get(model.id)} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  )
}

function Line({ model, color, seen }: { model: ModelSetting; color: string; seen: ModelView | undefined }) {
  const { id, state } = model
  const stats = view.value?.stats.models.find((each) => each.id === id)
  const toggleUse = (): void =>
    changeModel(id, { state: state === 'out' ? 'in' : 'out' }, `${id} is ${state === 'out' ? 'in' : 'out'}`)
  return (
    <tr>
      <th scope="row">
        <Swatch color={color} />
        {id}
        <small>{seen === undefined ? '' : priceText(seen)}</small>
      </th>
      <td>
        <input type="checkbox" aria-label={`Use ${id}`} checked={state !== 'out'} onChange={toggleUse} />
      </td>
      <td>
        <Price model={model} />
      </td>
      <td>
        <select
          aria-label={`Answers of ${id}`}
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
      </td>
      <td class="number">{percent(seen?.recentShare ?? 0)}</td>
      <td class="number">{count(stats?.requests ?? 0)}</td>
      <td class="number">
        {stats?.meanReward === null || stats === undefined ? '–' : reward(stats.meanReward)}
      </td>
      <td class="number">
        {stats?.meanCostUsd === null || stats === undefined ? '–' : usdPerThousand(stats.meanCostUsd)}
      </td>
    </tr>
  )
}

function Price({ model: { id, priceFactor } }: { model: ModelSetting }) {
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
      aria-label={`Price of ${id}, % of list`}
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

function priceText({ spec }: ModelView): string {
  const usd = (price: number): string => `$${Number(price.toPrecision(3))}`
  return `${usd(spec.inputUsdPerMTok)} in, ${usd(spec.outputUsdPerMTok)} out per 1M tokens`
}
