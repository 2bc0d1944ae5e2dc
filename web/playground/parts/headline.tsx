import { percent, reward, savedShare } from '../../../src/report/format.js'
import { count, usd } from '../../shared/format.js'
import { visible } from '../../shared/name.js'
import { isPlaying, view } from '../state.js'

/** What was saved, in dollars, and what it cost in quality. */
export function Headline() {
  const { value } = view
  if (value === null || value.requests === 0) {
    return (
      <section class="headline" aria-label="What was saved">
        <p class="big">{isPlaying.value ? 'Beginning …' : 'Nothing played yet.'}</p>
        <p>
          {isPlaying.value ? '' : 'Press Play. '}The router starts without knowing anything of the models but
          their prices.
        </p>
      </section>
    )
  }
  const { best, requests, stats, paperStats } = value
  const { spendUsd, allowanceUsd } = stats.pacer
  const savedUsd = best.costUsd - spendUsd
  const share = best.costUsd > 0 ? Math.abs(savedUsd) / best.costUsd : 0
  return (
    <section class="headline" aria-label="What was saved">
      <p class="big">
        {savedUsd >= 0 ? 'Saved ' : 'Spent '}
        <b id="saved">{usd(Math.abs(savedUsd))}</b>
        {savedUsd >= 0 ? ` (${savedShare(share)})` : ' more'}{' '}
        <span class="than">
          {savedUsd >= 0 ? 'against' : 'than'} always asking the model that was best at the time, now{' '}
          <q>{visible(best.id)}</q>
        </span>
      </p>
      <dl class="figures">
        <Figure name="requests" id="requests" value={count(requests)} />
        <Figure name="spent" id="spend" value={usd(spendUsd)} note={`of ${usd(allowanceUsd)} allowed`} />
        <Figure
          name="of the budget"
          id="used"
          value={percent(stats.pacer.utilisation ?? 0)}
          note={`policy paper ${percent(paperStats.pacer.utilisation ?? 0)}`}
        />
        <Figure
          name="quality of answers, 0 to 1"
          id="quality"
          value={reward(meanReward(stats))}
          note={`policy paper ${reward(meanReward(paperStats))}, best model ${reward(best.reward / requests)}`}
        />
      </dl>
    </section>
  )
}

function Figure({ name, id, value, note = '' }: { name: string; id: string; value: string; note?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <b id={id}>{value}</b> <small>{note}</small>
      </dd>
    </div>
  )
}

/** Mean reward of all requests, from the sums of the models. */
function meanReward({
  models,
}: {
  readonly models: readonly { readonly rewarded: number; readonly meanReward: number | null }[]
}): number {
  const rewarded = models.reduce((sum, model) => sum + model.rewarded, 0)
  return rewarded === 0
    ? 0
    : models.reduce((sum, model) => sum + model.rewarded * (model.meanReward ?? 0), 0) / rewarded
}
