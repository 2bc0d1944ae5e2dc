import type { DemoNews, DemoReport } from '../gateway/node/demo/demo.js'
import { fileError, isErrno } from './files.js'
import { fixed, percent, plural, usd } from './format.js'
import { listenError } from './listen-error.js'
import { print } from './print.js'
import { stopSignal } from './stop-signal.js'
import { renderTable } from './table.js'

export interface DemoFlags {
  readonly port?: number
  readonly seconds?: number
}

const PORT = 8787
const SEED = 15

/** The gateway on simulated providers, until its time is over or somebody ends it; a second signal ends it at once. */
export async function serveDemo({ port = PORT, seconds }: DemoFlags): Promise<void> {
  const { runDemo } = await import('../gateway/node/demo/demo.js')
  const { clientSurfaces } = await import('../gateway/client-surfaces.js')
  const { undiciUpstream } = await import('../gateway/node/undici-upstream.js')
  const { CHANGE_TEXT } = await import('../gateway/node/demo/world.js')
  const { DEMO_KEY } = await import('../gateway/node/demo/demo-config.js')
  const tell = (news: DemoNews) => {
    if (news.kind === 'ready') print(introduction(news, DEMO_KEY, seconds ?? null))
    else if (news.kind === 'change') print(`${clock(news.seconds)}  * ${CHANGE_TEXT[news.change]}\n`)
    else print(progressLine(news))
  }
  const report = await runDemo({
    port,
    seconds: seconds ?? null,
    seed: SEED,
    surfaces: clientSurfaces({ call: undiciUpstream() }),
    stopped: stopSignal(),
    tell,
  }).catch((error: unknown) => {
    const told = listenError(error, '--port', ': take another, or 0 for any')
    // Its state is in the temporary folder.
    throw told === error && isErrno(error) && error.path !== undefined
      ? fileError(error, error.path, 'write')
      : told
  })
  print(conclusion(report))
  process.exit(0)
}

function introduction(
  { url, isKept, adminKey }: Extract<DemoNews, { kind: 'ready' }>,
  key: string,
  seconds: number | null,
): string {
  const store = isKept ? 'on SQLite in a temporary folder' : 'in memory, as this Node has no SQLite'
  return `the gateway, ${store}, on simulated providers with simulated traffic

  dashboard    ${url}/dashboard  (it asks for the admin key)
  base URL     ${url}/v1
  API key      ${key}
  model        auto
  admin key    ${adminKey}
  metrics      ${url}/metrics

  curl ${url}/v1/chat/completions -H 'authorization: Bearer ${key}' -H 'content-type: application/json' \\
    -d '{"model":"auto","stream":true,"messages":[{"role":"user","content":"Hello"}]}'

${seconds === null ? 'It runs until Ctrl-C.' : `It ends after ${plural(seconds, 'second')}, or by Ctrl-C.`}

`
}

function clock(seconds: number): string {
  return `${seconds.toFixed(0).padStart(4)} s`
}

function progressLine({ seconds, tally, stats }: Extract<DemoNews, { readonly kind: 'progress' }>): string {
  const { requests, spendUsd, meanReward, models, phase } = tally
  const shares = models.map(({ id, shares, meanReward }) => {
    const share = shares[phase]
    return `${id} ${share === null ? '-' : `${(100 * share).toFixed(0)} %`} (${fixed(meanReward, 2)})`
  })
  const money = `${usd(spendUsd)}, ${percent(stats.pacer.utilisation)} of the budget`
  return `${clock(seconds)}  ${plural(requests, 'request')}, ${money}, reward ${fixed(meanReward, 2)}: ${shares.join(', ')}\n`
}

function conclusion({ seconds, tally, ledgers, calls, rewards, stats }: DemoReport): string {
  const learned = stats.models.reduce((sum, { rewarded }) => sum + rewarded, 0)
  const models = renderTable(
    [
      { title: 'model' },
      ...['answers', 'cost', 'reward', 'share at first', 'worse model', 'new price', 'recovered'].map(
        (title) => ({ title, align: 'right' as const }),
      ),
    ],
    tally.models.map(({ id, answers, costUsd, meanReward, shares }) => [
      id,
      String(answers),
      usd(costUsd),
      fixed(meanReward, 3),
      percent(shares.start),
      percent(shares.regression),
      percent(shares['new-price']),
      percent(shares.recovery),
    ]),
  )
  const { measured, unmeasured, ledgerUsd, reservedUsd } = ledgers
  const money = (value: number) => `$${value.toFixed(9)}`
  const accounts = renderTable(
    [
      { title: 'account' },
      { title: 'requests', align: 'right' },
      { title: 'booked', align: 'right' },
      { title: 'billed', align: 'right' },
    ],
    [
      ['with usage', measured],
      ['broken off', unmeasured],
    ].map(([name, each]) => {
      const account = each as typeof measured
      return [name as string, String(account.requests), money(account.bookedUsd), money(account.billedUsd)]
    }),
  )
  return `
${plural(tally.requests, 'request')} in ${seconds.toFixed(1)} s by ${plural(calls, 'call')}, ${plural(tally.errors, 'error')}, ${plural(rewards.given, 'reward')} taken, ${rewards.refused} refused, ${learned} learned from
${usd(tally.spendUsd)} spent, ${percent(stats.pacer.utilisation)} of the budget, mean reward ${fixed(tally.meanReward, 3)}

${models}
${accounts}
ledger ${money(ledgerUsd)}, reserved ${money(reservedUsd)}
What broke off before its usage came is booked at what was reserved, or at what was seen if that is more.
`
}
