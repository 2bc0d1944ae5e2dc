import { useState } from 'preact/hooks'
import type { Preview } from '../../../src/policy/decision.js'
import { reward, usdPerThousand } from '../../../src/report/format.js'
import { visible } from '../../shared/name.js'
import { type Column, Table } from '../../shared/table.js'
import { explain, explained, started } from '../state.js'
import { Fold } from './fold.js'
import { More } from './more.js'

const EXAMPLES = [
  'Translate into French: the cat sleeps on the red sofa.',
  'Prove that every planar graph can be coloured with five colours, and say where the proof for four fails.',
  'Write a python function to sort a list of dates.',
]
const TITLE = 'Ask for a prompt of yours'
const PROMPT_LENGTH_MAX = 20_000

/** Where a typed prompt would go, and why. */
export function Prompt() {
  const [text, setText] = useState(EXAMPLES[0])
  if (started.value?.takesPrompts === false) {
    return (
      <Fold id="own-prompt" title={TITLE}>
        <p class="quiet">
          Your file has features of its own, so a typed prompt cannot be turned into such ones here.
        </p>
      </Fold>
    )
  }
  return (
    <Fold id="own-prompt" title={TITLE}>
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
    </Fold>
  )
}

function Answer() {
  const { value } = explained
  if (value === null)
    return (
      <p class="quiet">
        Nothing is sent anywhere: the router in this page decides, with what it has learned so far.{' '}
        <More about={['prompt']} />
      </p>
    )
  const { preview } = value
  const { explanation } = preview
  return (
    <div id="explanation">
      <p>
        It would go to <b>{visible(preview.model)}</b>, for {usdPerThousand(preview.expectedCostUsd)} per
        1,000 such requests. {whyText(preview)}
      </p>
      <Table
        label="How each model stood"
        rows={explanation.models}
        keyOf={({ model }) => model}
        rowProps={({ model }) => ({ class: model === preview.model ? 'chosen' : '' })}
        columns={[
          { name: 'Model', isHead: true, cell: ({ model }) => visible(model) },
          number('Quality expected', ({ expectedReward }) => reward(expectedReward)),
          number('+ bonus for the unknown', ({ explorationBonus }) => reward(explorationBonus)),
          number('- price of its cost', ({ penalty }) => reward(penalty)),
          number('= score', ({ score }) => reward(score)),
          number('$ / 1,000', ({ expectedCostUsd }) => usdPerThousand(expectedCostUsd)),
          {
            name: 'Left out because',
            cell: ({ model, excluded }) =>
              excluded?.replaceAll('-', ' ') ?? (model === preview.model ? 'chosen' : ''),
          },
        ]}
      />
    </div>
  )
}

type Standing = Preview['explanation']['models'][number]

function number(name: string, cell: Column<Standing>['cell']): Column<Standing> {
  return { name, cell, isNumber: true }
}

/** In one sentence: what the best answer would be, and why that one was not taken. */
function whyText({ model, explanation }: Preview): string {
  const chosen = explanation.models.find((each) => each.model === model)
  const best = explanation.models.reduce((a, b) => (b.expectedReward > a.expectedReward ? b : a))
  if (chosen === undefined || best.model === model) return 'No better answer is expected of any other.'
  if (explanation.forced) return 'It is new, and gets some requests to be known.'
  const times = best.expectedCostUsd / chosen.expectedCostUsd
  const dearer = times > 1 ? `costs ${Number(times.toPrecision(2))} times as much` : 'costs no more'
  return `${visible(best.model)} is expected to be ${reward(best.expectedReward - chosen.expectedReward)} better and ${dearer}.`
}
