import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { DashboardData } from '../../../src/gateway/dashboard/shape.js'
import { usd } from '../../shared/format.js'
import { visible } from '../../shared/name.js'
import { administer, RefusedError } from '../api.js'
import { Panel } from '../panel.js'
import { farText } from '../words.js'
import { Keys } from './keys.js'

/** What an operator changes: each change is an event of the log, and stands on the time line. */
export function AdminPanel({ shown }: { readonly shown: DashboardData }) {
  return (
    <Panel
      id="admin-panel"
      title="Change something"
      lead="Each change is in force at once, becomes an event of the log, and stands on the time line."
    >
      <div class="grid thirds">
        <Prices shown={shown} />
        <Switches shown={shown} />
        <Budget shown={shown} />
        <Keys />
      </div>
    </Panel>
  )
}

/** What came of the latest action, in words. */
export function useAction(): {
  readonly said: ComponentChildren
  /** Whether it may be done: what is far from what is in force is asked about, once for the same amounts. */
  isMeant(question: string | null, amounts: string): boolean
  run(what: string, act: () => Promise<Record<string, unknown>>): Promise<Record<string, unknown> | null>
} {
  const [said, setSaid] = useState<{ readonly text: string; readonly isBad: boolean } | null>(null)
  const [asked, setAsked] = useState('')
  const isMeant = (question: string | null, amounts: string) => {
    // What is in force may have become another since: then it is another question.
    const key = `${amounts} ${question}`
    if (question === null || asked === key) return true
    setAsked(key)
    setSaid({ text: question, isBad: true })
    return false
  }
  const run = async (what: string, act: () => Promise<Record<string, unknown>>) => {
    setSaid({ text: 'Asking …', isBad: false })
    try {
      const answer = await act()
      const kept = answer.durable === false ? ' It is in force; the store does not have it yet.' : ''
      setSaid({ text: `${what}${kept}`, isBad: false })
      return answer
    } catch (error) {
      setSaid({ text: failureText(error), isBad: true })
      return null
    }
  }
  return {
    said: said === null ? null : <p role={said.isBad ? 'alert' : 'status'}>{said.text}</p>,
    isMeant,
    run,
  }
}

/** A lost answer says nothing of what was done. */
function failureText(error: unknown): string {
  if (error instanceof RefusedError) {
    if (error.code !== null) return error.message
    return `${error.message}, and not the gateway's own words: whether it was done is not known.`
  }
  // Before anything was sent.
  if (error instanceof URIError) return error.message
  return 'No answer came: whether it was done is not known. Look at what is in force before it is done again.'
}

/** The second half of a double click is no second press. */
function once(event: MouseEvent): void {
  if (event.detail > 1) event.preventDefault()
}

function Submit(props: { readonly isDisabled?: boolean; readonly children: ComponentChildren }) {
  return (
    <button type="submit" disabled={props.isDisabled ?? false} onClick={once}>
      {props.children}
    </button>
  )
}

/** The prices in force, whatever the page has heard of them. */
async function pricesNow(id: string): Promise<{ readonly input: unknown; readonly output: unknown }> {
  const { models } = await administer('GET', 'models')
  const found = (models as readonly Record<string, unknown>[]).find((model) => model.id === id)
  return { input: found?.inputUsdPerMTok, output: found?.outputUsdPerMTok }
}

function ModelChoice({
  shown,
  value,
  onChoose,
}: {
  readonly shown: DashboardData
  readonly value: string
  readonly onChoose: (id: string) => void
}) {
  return (
    <label>
      Model
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {shown.stats.models.map(({ id }) => (
          <option value={id} key={id}>
            {shortened(visible(id))}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Another one is not taken in its place: what was typed was meant for this. */
function goneText(id: string): string {
  return `${shortened(visible(id))} is no model of the router any more.`
}

function shortened(id: string): string {
  return id.length > 60 ? `${id.slice(0, 57)}…` : id
}

function Prices({ shown }: { readonly shown: DashboardData }) {
  const { models } = shown.stats
  const [chosen, choose] = useState(models[0]?.id ?? '')
  const model = models.find(({ id }) => id === chosen)
  // Until they are changed, those of now: who changes one need not know the other.
  const [input, setInput] = useState<string | null>(null)
  const [output, setOutput] = useState<string | null>(null)
  const inputNow = String(model?.inputUsdPerMTok ?? '')
  const outputNow = String(model?.outputUsdPerMTok ?? '')
  const chooseAnother = (id: string) => {
    choose(id)
    setInput(null)
    setOutput(null)
  }
  // What was set once is nobody's wish any more when the other is changed later: others may have set it since.
  const [isSet, setIsSet] = useState(false)
  const edit = (own: (value: string) => void, other: (value: null) => void) => (value: string) => {
    if (isSet) other(null)
    setIsSet(false)
    own(value)
  }
  const { said, isMeant, run } = useAction()
  const submit = async (event: Event) => {
    event.preventDefault()
    const prices = {
      inputUsdPerMTok: Number(input ?? inputNow),
      outputUsdPerMTok: Number(output ?? outputNow),
    }
    const question =
      farText('The price of input', model?.inputUsdPerMTok ?? null, prices.inputUsdPerMTok) ??
      farText('The price of output', model?.outputUsdPerMTok ?? null, prices.outputUsdPerMTok)
    if (!isMeant(question, JSON.stringify([chosen, prices]))) return
    const answer = await run(`The event: model-repriced.`, async () => {
      const now = input === null || output === null ? await pricesNow(chosen) : null
      return administer('PUT', `models/${encodeURIComponent(chosen)}/prices`, {
        inputUsdPerMTok: input === null ? now?.input : prices.inputUsdPerMTok,
        outputUsdPerMTok: output === null ? now?.output : prices.outputUsdPerMTok,
      })
    })
    if (answer !== null) setIsSet(true)
  }
  return (
    <form onSubmit={submit} id="prices-form">
      <h3>Prices</h3>
      <ModelChoice shown={shown} value={chosen} onChoose={chooseAnother} />
      <p class="quiet">
        {model === undefined ? (
          goneText(chosen)
        ) : (
          <>
            Now ${inputNow} in and ${outputNow} out per million tokens. Prices of other kinds of tokens follow
            from these.
          </>
        )}
      </p>
      <Amount
        label="USD per million input tokens"
        value={input ?? inputNow}
        onInput={edit(setInput, setOutput)}
      />
      <Amount
        label="USD per million output tokens"
        value={output ?? outputNow}
        onInput={edit(setOutput, setInput)}
      />
      <Submit isDisabled={model === undefined}>Reprice</Submit>
      {said}
    </form>
  )
}

function Amount(props: {
  readonly label: string
  readonly value: string
  readonly onInput: (value: string) => void
}) {
  return (
    <label>
      {props.label}
      <input
        type="number"
        min="0"
        step="any"
        required
        inputMode="decimal"
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
    </label>
  )
}

function Switches({ shown }: { readonly shown: DashboardData }) {
  const { models } = shown.stats
  const [chosen, choose] = useState(models[0]?.id ?? '')
  const model = models.find(({ id }) => id === chosen)
  const { said, run } = useAction()
  const isEnabled = model?.enabled ?? true
  const submit = (event: Event) => {
    event.preventDefault()
    const verb = isEnabled ? 'disable' : 'enable'
    void run(`The event: model-${verb}d.`, () =>
      administer('POST', `models/${encodeURIComponent(chosen)}/${verb}`),
    )
  }
  return (
    <form onSubmit={submit} id="switch-form">
      <h3>Take a model out, or back</h3>
      <ModelChoice shown={shown} value={chosen} onChoose={choose} />
      <p class="quiet">
        {model === undefined
          ? goneText(chosen)
          : `It is ${isEnabled ? 'enabled: requests may go to it' : 'disabled: it gets none, and keeps what it learned'}.`}
      </p>
      <Submit isDisabled={model === undefined}>{isEnabled ? 'Disable' : 'Enable'}</Submit>
      {said}
    </form>
  )
}

function Budget({ shown }: { readonly shown: DashboardData }) {
  const [amount, setAmount] = useState('')
  const { said, isMeant, run } = useAction()
  const { usdPerRequest } = shown.stats.pacer
  const submit = (event: Event) => {
    event.preventDefault()
    // A budget of 0 is refused by the gateway, in its words.
    const question = Number(amount) === 0 ? null : farText('The budget', usdPerRequest, Number(amount))
    if (!isMeant(question, amount)) return
    void run('The event: budget-set.', () => administer('PUT', 'budget', { usdPerRequest: Number(amount) }))
  }
  return (
    <form onSubmit={submit} id="budget-form">
      <h3>Budget</h3>
      <p class="quiet">Now {usdPerRequest === null ? 'none' : `${usd(usdPerRequest)} per request`}.</p>
      <Amount label="USD per request, on average" value={amount} onInput={setAmount} />
      <Submit>Set the budget</Submit>
      {said}
    </form>
  )
}
