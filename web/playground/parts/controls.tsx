import { usdPerThousand } from '../../../src/report/format.js'
import { count } from '../../shared/format.js'
import { BUDGET_RANGE } from '../play/setting.js'
import { change, isPlaying, measuredPerSecond, play, restart, setting, started, step } from '../state.js'
import { More } from './more.js'

const RATES = [10, 100, 1000, 10_000, 1_000_000]
/** Steps of the budget's slider over its whole way. */
const STEPS = 400
const STEP_REQUESTS = 1000

/** Play, speed, and the budget. */
export function Controls() {
  return (
    <section class="controls" aria-label="Play and budget">
      <div class="buttons">
        <button type="button" class="primary" id="play" onClick={() => play(!isPlaying.value)}>
          {isPlaying.value ? 'Pause' : 'Play'}
        </button>
        <button type="button" id="step" disabled={isPlaying.value} onClick={() => step(STEP_REQUESTS)}>
          {count(STEP_REQUESTS)} more
        </button>
        <button type="button" id="restart" onClick={restart}>
          Start again
        </button>
        <Rate />
      </div>
      <Budget />
    </section>
  )
}

function Rate() {
  const rate = setting.value?.requestsPerSecond ?? 0
  const rates = RATES.includes(rate) ? RATES : [...RATES, rate].sort((a, b) => a - b)
  const measured =
    isPlaying.value && measuredPerSecond.value > 0 ? `${count(measuredPerSecond.value)} a second now` : ''
  return (
    <span class="rate">
      <label for="rate">Speed</label>{' '}
      <select
        id="rate"
        value={String(rate)}
        onChange={(event) =>
          change({ requestsPerSecond: Number(event.currentTarget.value) }, 'speed changed')
        }
      >
        {rates.map((each) => (
          <option key={each} value={String(each)}>
            {each === 1_000_000 ? 'as fast as it goes' : `${count(each)} requests a second`}
          </option>
        ))}
      </select>{' '}
      <small id="measured">{measured}</small>
    </span>
  )
}

/** The slider is logarithmic, from half of the cheapest model's mean cost to the dearest's. */
function Budget() {
  const budgetUsd = setting.value?.budgetUsdPerRequest ?? BUDGET_RANGE[0]
  const costs = (started.value?.bases ?? []).map(({ meanCostUsd }) => meanCostUsd).filter((usd) => usd > 0)
  const low = costs.length === 0 ? budgetUsd / 10 : Math.min(...costs) / 2
  const high = costs.length === 0 ? budgetUsd * 10 : Math.max(...costs) * 1.2
  const place = (STEPS * Math.log(budgetUsd / low)) / Math.log(high / low)
  const setBudget = (usd: number): void => {
    const budgetUsdPerRequest = Number(
      Math.min(BUDGET_RANGE[1], Math.max(BUDGET_RANGE[0], usd)).toPrecision(3),
    )
    change({ budgetUsdPerRequest }, `budget ${usdPerThousand(budgetUsdPerRequest)} per 1,000 requests`)
  }
  const text = `${usdPerThousand(budgetUsd)} per 1,000 requests`
  return (
    <div class="budget">
      <label for="budget">
        Budget <b id="budget-text">{text}</b>
      </label>{' '}
      <small>
        <More about={['budget']} />
      </small>
      <input
        id="budget"
        type="range"
        min="0"
        max={STEPS}
        step="1"
        value={Math.round(Math.min(STEPS, Math.max(0, place)))}
        aria-valuetext={text}
        onInput={(event) => setBudget(low * (high / low) ** (Number(event.currentTarget.value) / STEPS))}
      />
      <span class="ends" aria-hidden="true">
        <small>half of what the cheapest model costs</small>
        <small>the dearest model on every request</small>
      </span>
    </div>
  )
}
