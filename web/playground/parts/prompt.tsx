import { useState } from 'preact/hooks'
import type { Preview } from '../../../src/policy/decision.js'
import { reward, usdPerThousand } from '../../../src/report/format.js'
import { Scroll } from '../../shared/scroll.js'
import { explain, explained, started } from '../state.js'

const EXAMPLES = [
  'Translate into French: the cat sleeps on the red sofa.',
  'Prove that every planar graph can be coloured with five colours, and say where the proof for four fails.',
  'Write a python function to sort a list of dates.',
]
const PROMPT_LENGTH_MAX = 20_000

/** Where a typed prompt would go, and why. */
export function Prompt() {
  const [text, setText] = useState(EXAMPLES[0])
  if (started.value?.takesPrompts === false) {
    return (
      <section aria-label="Your own prompt">
        <h2>Ask for a prompt of yours</h2>
        <p class="quiet">
          Your file has features of its own, so a typed prompt cannot be turned into such ones here.
        </p>
      </section>
    )
  }
  return (
    <section aria-label="Your own prompt">
      <h2>Ask for a prompt of yours</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          explain(text)
        }}
      >
        <label>
          Prompt
          <textarea
            id="prompt"
            rows={3}
            maxLength={PROMPT_LENGTH_MAX}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" id="explain">
            Where would it go?
          </button>
          {EXAMPLES.map((example, i) => (
            <button
              type="button"
              key={example}
              class="small"
              onClick={() => {
                setText(example)
                explain(example)
              }}
            >
              Example {i + 1}
            </button>
          ))}
        </div>
      </form>
      <Answer />
    </section>
  )
}

function Answer() {
  const { value } = explained
  if (value === null)
    return (
      <p class="quiet">
        Nothing is sent anywhere: the router in this page decides, with what it has learned so far.
      </p>
    )
  const { preview } = value
  const { explanation } = preview
  return (
    <div id="explanation">
      <p>
        It would go to <b>{preview.model}</b>, for {usdPerThousand(preview.expectedCostUsd)} per 1,000 such
        requests. {whyText(preview)}
      </p>
      <Scroll name="scroll" label="How each model stood">
        <table>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" class="number">
                Quality expected
              </th>
              <th scope="col" class="number">
                + bonus for the unknown
              </th>
              <th scope="col" class="number">
                - price of its cost
              </th>
              <th scope="col" class="number">
                = score
              </th>
              <th scope="col" class="number">
                $ / 1,000
              </th>
              <th scope="col">Left out because</th>
            </tr>
          </thead>
          <tbody>
            {explanation.models.map((model) => (
              <tr key={model.model} class={model.model === preview.model ? 'chosen' : ''}>
                <th scope="row">{model.model}</th>
                <td class="number">{reward(model.expectedReward)}</td>
                <td class="number">{reward(model.explorationBonus)}</td>
                <td class="number">{reward(model.penalty)}</td>
                <td class="number">{reward(model.score)}</td>
                <td class="number">{usdPerThousand(model.expectedCostUsd)}</td>
                <td>
                  {model.excluded?.replaceAll('-', ' ') ?? (model.model === preview.model ? 'chosen' : '')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  )
}

/** In one sentence: what the best answer would be, and why that one was not taken. */
function whyText({ model, explanation }: Preview): string {
  const chosen = explanation.models.find((each) => each.model === model)
  const best = explanation.models.reduce((a, b) => (b.expectedReward > a.expectedReward ? b : a))
  if (chosen === undefined || best.model === model) return 'No better answer is expected of any other.'
  if (explanation.forced) return 'It is new, and gets some requests for certain.'
  const times = best.expectedCostUsd / chosen.expectedCostUsd
  const dearer = times > 1 ? `costs ${Number(times.toPrecision(2))} times as much` : 'costs no more'
  return `${best.model} is expected to be ${reward(best.expectedReward - chosen.expectedReward)} better and ${dearer}.`
}
