import type { DashboardData, Estimate, SavingsRow } from '../../../src/gateway/dashboard/shape.js'
import { count, percent, plain, usd } from '../../shared/format.js'
import { Nothing, Panel } from '../panel.js'
import { marksOf } from '../state.js'

/** What one model for everything would have cost and earned. */
export function SavingsPanel({ shown: { savings } }: { readonly shown: DashboardData }) {
  return (
    <Panel id="savings-panel" title="Savings: one model for everything">
      {savings === null ? (
        <Nothing>
          This takes at least 30 decisions that can be explained. They are explained while this page is open.
        </Nothing>
      ) : (
        <>
          <p class="lead">
            An <b>estimate</b> of what always using one model would have cost and earned on{' '}
            {count(savings.decisions)} of the latest decisions.
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
          <section class="scroll" tabIndex={0} aria-label="costs and rewards of one model for everything">
            <table>
              <thead>
                <tr>
                  <th scope="col">always</th>
                  <th scope="col" class="right">
                    per 1,000 requests
                  </th>
                  <th scope="col" class="right">
                    against the router
                  </th>
                  <th scope="col" class="right">
                    reward
                  </th>
                </tr>
              </thead>
              <tbody>
                <Row row={savings.chosen} own={savings.chosen} />
                {savings.models.map((row) => (
                  <Row key={row.model} row={row} own={savings.chosen} />
                ))}
              </tbody>
            </table>
          </section>
          <details>
            <summary>Assumptions</summary>
            <p>
              Costs and rewards are what the engine expected of each model when it decided; nobody has asked
              the other models. Answers of a model are taken to be as long as the engine expects of it, and
              learning is left aside. Intervals are those of 95 % for a mean over requests, made wider by what
              the engine doubts: the mean exploration bonus of a reward, and how far the bills of the chosen
              models were from what was expected of them
              {savings.billedOverExpected === null
                ? ' (no bill has come yet)'
                : ` (they came to ${percent(savings.billedOverExpected)} of it)`}
              .
            </p>
          </details>
        </>
      )}
    </Panel>
  )
}

function Row({ row, own }: { readonly row: SavingsRow; readonly own: SavingsRow }) {
  const isOwn = row === own
  const ratio = row.usdPerRequest.mean / own.usdPerRequest.mean
  return (
    <tr data-always={isOwn ? 'router' : row.model}>
      <th scope="row">
        {isOwn ? (
          <b>the router's choice</b>
        ) : (
          <>
            <i class="dot" style={{ background: marksOf.value(row.model).color }} />
            <span class="name" title={row.model}>
              {row.model}
            </span>
          </>
        )}
      </th>
      <td class="right">{interval(row.usdPerRequest, (value) => usd(value * 1000))}</td>
      <td class="right">
        {isOwn || !Number.isFinite(ratio) ? '' : `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`}
      </td>
      <td class="right">{interval(row.reward, plain)}</td>
    </tr>
  )
}

function interval({ mean, low, high }: Estimate, format: (value: number) => string) {
  return (
    <>
      {format(mean)}{' '}
      <small class="nowrap">
        ({format(low)} to {format(high)})
      </small>
    </>
  )
}
