import { useState } from 'preact/hooks'
import { visible } from '../../shared/name.js'
import { ID_LENGTH_MAX, PRICE_FACTOR_RANGE } from '../play/setting.js'
import { addModel, models, problem, started } from '../state.js'
import { Fold } from './fold.js'

/** A model of one's own: a recorded one under another name, with another price and quality. */
export function AddModel() {
  const bases = started.value?.bases ?? []
  const [id, setId] = useState('')
  const [base, setBase] = useState('')
  const [price, setPrice] = useState('10')
  const [quality, setQuality] = useState('100')
  const add = (event: Event): void => {
    event.preventDefault()
    if (models.value.some((model) => model.id === id)) {
      problem.value = `There is a model '${visible(id)}' already.`
      return
    }
    const from = bases.some((each) => each.id === base) ? base : (bases[0]?.id ?? '')
    addModel({
      id,
      base: from,
      priceFactor: Number(price) / 100,
      qualityFactor: Number(quality) / 100,
      state: 'in',
    })
    setId('')
  }
  return (
    <Fold id="add-model" title="Add a model of your own">
      <form class="fields" onSubmit={add}>
        <label>
          Name
          <input
            id="new-id"
            required
            maxLength={ID_LENGTH_MAX}
            value={id}
            onInput={(event) => setId(event.currentTarget.value)}
          />
        </label>
        <label>
          Answers like
          <select
            id="new-base"
            value={base || bases[0]?.id}
            onChange={(event) => setBase(event.currentTarget.value)}
          >
            {bases.map((each) => (
              <option key={each.id} value={each.id}>
                {each.id}
              </option>
            ))}
          </select>
        </label>
        <label>
          at this % of its price
          <input
            id="new-price"
            type="number"
            required
            min={PRICE_FACTOR_RANGE[0] * 100}
            max={PRICE_FACTOR_RANGE[1] * 100}
            step="any"
            value={price}
            onInput={(event) => setPrice(event.currentTarget.value)}
          />
        </label>
        <label>
          and this % of its quality
          <input
            id="new-quality"
            type="number"
            required
            min="0"
            max="100"
            step="any"
            value={quality}
            onInput={(event) => setQuality(event.currentTarget.value)}
          />
        </label>
        <button type="submit" id="new-add">
          Add it
        </button>
      </form>
    </Fold>
  )
}
