import { useState } from 'preact/hooks'
import type { DashboardData } from '../../src/gateway/dashboard/shape.js'
import { time } from '../shared/format.js'
import { visible } from '../shared/name.js'
import { keptKey } from './api.js'
import { follow } from './live.js'
import { AccountsPanel } from './panels/accounts.js'
import { AdminPanel } from './panels/admin.js'
import { DecisionsPanel } from './panels/decisions.js'
import { ModelCharts } from './panels/model-charts.js'
import { ModelsPanel } from './panels/models.js'
import { PricePanel, SpendPanel, Tiles } from './panels/money.js'
import { SavingsPanel } from './panels/savings.js'
import { TimeLinePanel } from './panels/time-line.js'
import { ConversationsPanel, EscalationsPanel, FeedbackPanel } from './panels/traffic.js'
import { WhatIfPanel } from './panels/what-if.js'
import { connection, data, historyOf, problem, ringIndex } from './state.js'

export function App() {
  const shown = data.value
  if (connection.value === 'needs-key') return <KeyForm />
  if (shown === null)
    return (
      <main class="alone">
        <h1>paretobandit</h1>
        <p role="status">
          {connection.value === 'lost'
            ? `${problem.value === '' ? 'No answer' : problem.value}. It is asked again.`
            : 'Asking the server …'}
        </p>
      </main>
    )
  return <Board shown={shown} />
}

function KeyForm() {
  const [key, setKey] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    keptKey.set(key)
    connection.value = 'asking'
    follow()
  }
  return (
    <main class="alone">
      <h1>paretobandit</h1>
      <form onSubmit={submit} class="card">
        <p>
          This page shows and changes what a gateway does, so it takes the gateway's <b>admin key</b>: the one
          under <code>admin</code> in its config, or the one that the demo printed.
        </p>
        <label>
          Admin key
          <input
            type="password"
            name="key"
            autocomplete="off"
            required
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <button type="submit">Open the dashboard</button>
        {problem.value !== '' && <p role="alert">{problem.value}</p>}
        <p class="quiet">It is kept in this tab until it is closed, and sent to this gateway alone.</p>
      </form>
    </main>
  )
}

function Board({ shown }: { readonly shown: DashboardData }) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Head shown={shown} />
      <main id="main" tabIndex={-1}>
        <Contents canChange={shown.canChange} />
        <Tiles shown={shown} />
        {shown.problem !== null && (
          <p class="note" role="alert">
            {shown.problem}
          </p>
        )}
        {shown.historyNote !== null && <p class="note">{shown.historyNote}</p>}
        <div class="grid">
          <SpendPanel shown={shown} />
          <PricePanel shown={shown} />
        </div>
        <ModelsPanel shown={shown} />
        <div class="grid">
          <ModelCharts shown={shown} />
        </div>
        <div class="grid late">
          <SavingsPanel shown={shown} />
          <WhatIfPanel shown={shown} />
        </div>
        <div class="grid">
          <TimeLinePanel shown={shown} />
          <AccountsPanel shown={shown} />
        </div>
        <div class="grid thirds">
          <EscalationsPanel shown={shown} />
          <ConversationsPanel shown={shown} />
          <FeedbackPanel shown={shown} />
        </div>
        <DecisionsPanel key={historyOf.value} shown={shown} />
        {shown.canChange && <AdminPanel shown={shown} />}
      </main>
    </>
  )
}

/** Where what is; on a phone the page is long. */
function Contents({ canChange }: { readonly canChange: boolean }) {
  const parts = [
    ['spend-panel', 'Spend'],
    ['models-panel', 'Models'],
    ['savings-panel', 'Savings'],
    ['what-if-panel', 'What if'],
    ['time-line-panel', 'Time line'],
    ['decisions-panel', 'Decisions'],
    ...(canChange ? [['admin-panel', 'Change something']] : []),
  ]
  return (
    <nav class="contents" aria-label="Parts of this page">
      {parts.map(([id, text]) => (
        <a key={id} href={`#${id}`}>
          {text}
        </a>
      ))}
    </nav>
  )
}

function Head({ shown }: { readonly shown: DashboardData }) {
  const isLive = connection.value === 'live'
  const isLost = connection.value === 'lost'
  const isRead = shown.kind === 'gateway' || shown.problem === null
  const leave = () => {
    keptKey.set('')
    location.reload()
  }
  return (
    <header>
      <h1>paretobandit</h1>
      <span class="where" title={visible(shown.name)}>
        {shown.kind === 'log' ? visible(shown.name) : 'gateway'}
      </span>
      <span role="status" class={isLive && isRead ? 'live' : 'lost'}>
        {!isLive
          ? `${isLost ? 'connection lost' : 'asking the server'}: showing what was`
          : isRead
            ? 'live'
            : 'the log cannot be read: showing what was'}
        , {time(shown.at, Date.now())}
        {!isLive && problem.value !== '' && ` (${problem.value})`}
      </span>
      <div class="choice">
        <label>
          History{' '}
          <select
            value={String(ringIndex.value)}
            onChange={(event) => {
              ringIndex.value = Number(event.currentTarget.value)
            }}
          >
            {shown.history.map(({ name }, i) => (
              <option value={String(i)} key={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {keptKey.get() !== '' && (
          <button type="button" onClick={leave}>
            Forget the key
          </button>
        )}
      </div>
    </header>
  )
}
