import { estimatedCostUsd, type PriceList } from '../models/price-list.js'
import type { RequestSize } from './eligibility.js'

/** Of a cost that is made of other numbers: a size that comes to it but for rounding. */
const ROUNDING = 1e-9

/**
 * What a request was expected to use, by what it was expected to cost at list price: all that a log has of its size. Where its input is
 * known, the rest is output; else its answer is a usual one, unless the cost says that it cannot be, and then input and output are in the
 * usual proportion.
 * @param prices those that it was routed at
 * @param inputTokens of its prompt, as its event has them; null: it does not say
 */
export function toldSize(
  listCostUsd: number,
  prices: PriceList,
  usual: RequestSize,
  inputTokens: number | null,
): RequestSize {
  const costUsd = (input: number, output: number) => estimatedCostUsd(prices, input, output)
  const { outputTokens } = usual
  if (inputTokens !== null) {
    const inputUsd = costUsd(inputTokens, 0)
    const tokenUsd = costUsd(inputTokens, 1) - inputUsd
    return {
      inputTokens,
      outputTokens: tokenUsd > 0 ? Math.max(0, (listCostUsd - inputUsd) / tokenUsd) : outputTokens,
    }
  }
  const outputUsd = costUsd(0, outputTokens)
  // No number, or none that comes to the cost, where input is free.
  const likely = (listCostUsd - outputUsd) / (costUsd(1, outputTokens) - outputUsd)
  const isIt = likely >= 0 && Math.abs(costUsd(likely, outputTokens) - listCostUsd) <= ROUNDING * listCostUsd
  return isIt ? { inputTokens: likely, outputTokens } : inProportion(listCostUsd, prices, usual)
}

/** Input and output in the usual proportion. */
export function inProportion(listCostUsd: number, prices: PriceList, usual: RequestSize): RequestSize {
  const usualUsd = estimatedCostUsd(prices, usual.inputTokens, usual.outputTokens)
  const times = usualUsd === 0 ? 1 : listCostUsd / usualUsd
  return { inputTokens: times * usual.inputTokens, outputTokens: times * usual.outputTokens }
}
