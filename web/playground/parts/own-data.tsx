import { count } from '../../shared/format.js'
import { megabytes } from '../play/own-file.js'
import { reading, start, started } from '../state.js'
import { Fold } from './fold.js'
import { More } from './more.js'

const EXAMPLE =
  '{"id": "1", "prompt": "Hello", "outcomes": {"small": {"reward": 0.7, "costUsd": 0.0001}, "large": {"reward": 0.9, "costUsd": 0.002}}}'

/** Outcomes of one's own: the file is read by the page's worker and goes nowhere else. */
export function OwnData() {
  const open = (input: HTMLInputElement): void => {
    const file = input.files?.[0]
    if (file === undefined) return
    start('', file)
    // The same file can be opened again, after it was mended.
    input.value = ''
  }
  const now = started.value
  return (
    <Fold id="own-data" title="Play your own data">
      <p id="data-name">
        Now playing: <b>{now?.name}</b>, {count(now?.prompts ?? 0)} prompts
        {now !== null && now.leftOut > 0
          ? `, ${count(now.leftOut)} more lack an outcome of some model and are left out`
          : ''}
        , kernel {now?.kernel}.
      </p>
      <label class="file">
        A file of outcomes: one JSON object a line for each prompt, with what every model made of it
        <input
          id="own-file"
          type="file"
          accept=".jsonl,.ndjson,.json,.txt"
          onChange={(event) => open(event.currentTarget)}
        />
      </label>
      <Reading />
      <p class="quiet">
        A line: <code class="example">{EXAMPLE}</code>
      </p>
      <p class="quiet">
        The file never leaves this page: the browser itself forbids the page to send anything. Prices are made
        from the mean costs in the file. <More about={['ownData', 'ownLog']} />
      </p>
      {now?.simulated === false ? (
        <button type="button" id="simulated" onClick={() => start('', 'simulated')}>
          Back to the simulated prompts
        </button>
      ) : null}
    </Fold>
  )
}

/** That a file is being read; the place is there before, so that it is announced. */
function Reading() {
  const { value } = reading
  return (
    <p role="status" id="reading">
      {value === null ? null : (
        <>
          Reading {value.name}, {megabytes(value.size)} … <progress aria-label={`reading ${value.name}`} />
        </>
      )}
    </p>
  )
}
