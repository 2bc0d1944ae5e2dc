import type { DemandCurve } from '../demand/demand-curve.js'
import type { AccountStats } from '../stats.js'
import type { Account } from './account.js'
import { capStatus } from './cap-status.js'

export function accountStats(account: Account, demand: DemandCurve, at: number): AccountStats {
  const { usdPerRequest, credit, ledger } = account
  const targetUsd = account.targetUsd(at, demand)
  const price = account.price(demand, targetUsd)
  return {
    usdPerRequest,
    shadowPrice: price === 0 ? 0 : price * (usdPerRequest ?? targetUsd),
    creditUsd: credit.balanceUsd,
    fundUsd: credit.fundUsd,
    burst: credit.burst,
    spendUsd: ledger.spendUsd,
    reservedUsd: ledger.reservedUsd,
    allowanceUsd: ledger.allowanceUsd,
    utilisation: ledger.utilisation,
    refused: account.refused,
    infeasible: account.infeasible,
    caps: account.caps.map((cap) => capStatus(cap, at, account.forecast(demand))),
  }
}
