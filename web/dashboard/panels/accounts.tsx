import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { count, percent, usd } from '../../shared/format.js'
import { Name } from '../../shared/name.js'
import { Scroll } from '../../shared/scroll.js'
import { Nothing, Panel } from '../panel.js'
import { capText } from '../words.js'

type Account = NonNullable<DashboardData['stats']['account']>

/** Budget, caps and tenants. */
export function AccountsPanel({ shown: { stats, tenants, at } }: { readonly shown: DashboardData }) {
  const { account } = stats
  return (
    <Panel
      id="accounts-panel"
      title="Budget, caps and tenants"
      lead="A budget is a mean per request, a cap a sum for an hour, day, week or month; a tenant has its own of both."
    >
      {account === null ? (
        <Nothing>Policy {stats.policy} keeps no accounts.</Nothing>
      ) : (
        <>
          <Lines name="all requests" account={account} now={at} />
          {account.caps.length === 0 && <p class="quiet">No caps are in force for all requests.</p>}
        </>
      )}
      {tenants.length === 0 && <p class="quiet">There are no tenants.</p>}
      {tenants.length > 0 && (
        <Scroll name="scroll tall" label="tenants">
          {tenants.map(({ id, ...each }) => (
            <Lines key={id} name={`tenant ${id}`} account={each} now={at} />
          ))}
        </Scroll>
      )}
      {stats.tenants > tenants.length && (
        <p class="quiet">
          and {count(stats.tenants - tenants.length)} more tenants. Those that were refused most come first,
          then those that have spent most; GET /admin/tenants of a gateway and stats --json of a log have all.
        </p>
      )}
    </Panel>
  )
}

function Lines({
  name,
  account,
  now,
}: {
  readonly name: string
  readonly account: Account
  readonly now: number
}) {
  const { usdPerRequest, spendUsd, reservedUsd, creditUsd, fundUsd, refused, infeasible, caps } = account
  return (
    <div class="account" data-account={name}>
      <h3>
        <Name text={name} />
      </h3>
      <p>
        {usdPerRequest === null ? 'No budget' : `Budget ${usd(usdPerRequest)} per request`}, spent{' '}
        {usd(spendUsd)}, reserved {usd(reservedUsd)}
        {usdPerRequest !== null && `, saved up ${usd(creditUsd + fundUsd)}`}
        {refused > 0 && `; ${count(refused)} ${refused === 1 ? 'request' : 'requests'} refused for money`}
        {infeasible > 0 &&
          `; ${count(infeasible)} ${infeasible === 1 ? 'was' : 'were'} sent although every model was expected to cost more than the budget`}
        .
      </p>
      {caps.map((cap, i) => {
        const used = (cap.spentUsd + cap.reservedUsd) / cap.usd
        return (
          <div class="cap" key={i}>
            <label>
              {capText(cap, now)}
              <meter min={0} max={1} high={0.9} value={Math.min(1, used)}>
                {percent(used)}
              </meter>
            </label>
          </div>
        )
      })}
    </div>
  )
}
