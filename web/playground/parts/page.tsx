import { useEffect, useRef } from 'preact/hooks'
import { visible } from '../../shared/name.js'
import { problem, said, started } from '../state.js'
import { AddModel } from './add-model.js'
import { Charts } from './charts.js'
import { Controls } from './controls.js'
import { Headline } from './headline.js'
import { Models } from './models.js'
import { OwnData } from './own-data.js'
import { Prompt } from './prompt.js'
import { Share } from './share.js'
import { Stats } from './stats.js'
import { Story } from './story.js'

/** The whole page. */
export function Page() {
  return (
    <>
      <header>
        <nav aria-label="Site">
          <a href="../index.html">paretobandit</a> · <a href="../docs/PLAYGROUND.html">about this page</a>
        </nav>
        <h1>A budget for language models, in your hands</h1>
        <p class="lead">
          You call several language models; the best one costs hundreds of times as much as the cheapest.
          paretobandit sends every prompt to the model that gives the best answers <b>your budget</b> buys,
          and learns which one that is. This is the real engine at work in your browser. <Source />
        </p>
      </header>
      <main>
        <Problem />
        {started.value === null ? <p class="wait">Starting the engine …</p> : <Running />}
        <p class="unseen" role="status">
          <span key={said.value.turn}>{visible(said.value.text)}</span>
        </p>
      </main>
    </>
  )
}

/** Where what plays comes from. */
function Source() {
  const { value } = started
  return (
    <span id="source">
      {value === null || value.simulated
        ? 'The prompts and the models are simulated.'
        : `The prompts, rewards and costs are those of your file ${value.name}; prices are made from its costs.`}
    </span>
  )
}

/** Brought into view: what caused it may be far down the page. */
function Problem() {
  const shown = useRef<HTMLParagraphElement>(null)
  const { value } = problem
  useEffect(() => shown.current?.scrollIntoView({ block: 'center' }), [value])
  if (value === null) return null
  return (
    <p class="problem" role="alert" ref={shown}>
      {value}{' '}
      <button
        type="button"
        onClick={() => {
          problem.value = null
        }}
      >
        Close
      </button>
    </p>
  )
}

function Running() {
  return (
    <>
      <Headline />
      <Controls />
      <Story />
      <Charts />
      <Models />
      <Prompt />
      <div class="pair">
        <AddModel />
        <OwnData />
      </div>
      <Share />
      <Stats />
    </>
  )
}
