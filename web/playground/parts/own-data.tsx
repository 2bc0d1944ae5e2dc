import { count } from '../../shared/format.js'
import { problem, start, started } from '../state.js'

const EXAMPLE = '{"id": "1", "prompt": "Hello", "outcomes": {"model": {"reward": 0.9, "costUsd": 0.001}}}'
const BYTES_MAX = 64 * 1024 * 1024

async function read(file: File): Promise<void> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer())
    start('', { name: file.name, text })
  } catch (error) {
    const what =
      error instanceof TypeError
        ? 'expected text in UTF-8, got other bytes (UTF-16, Latin-1, or no text): convert it'
        : 'the file could not be read'
    problem.value = `${file.name}: ${what}`
  }
}

/** Outcomes of one's own: the file is read by the page and goes to its worker, nowhere else. */
export function OwnData() {
  const open = async (input: HTMLInputElement): Promise<void> => {
    const file = input.files?.[0]
    if (file === undefined) return
    if (file.size > BYTES_MAX)
      problem.value = `${file.name}: expected at most ${count(BYTES_MAX)} bytes, got ${count(file.size)}`
    else await read(file)
    // The same file can be opened again, after it was mended.
    input.value = ''
  }
  const now = started.value
  return (
    <section aria-label="Data of your own">
      <h2>Play your own data</h2>
      <p id="data-name">
        Now playing: <b>{now?.name}</b>, {count(now?.prompts ?? 0)} prompts, kernel {now?.kernel}.
      </p>
      <label class="file">
        A file of outcomes, one JSON object a line, as <code>replay --data</code> takes it
        <input
          id="own-file"
          type="file"
          accept=".jsonl,.ndjson,.json,.txt"
          onChange={(event) => void open(event.currentTarget)}
        />
      </label>
      <p class="quiet">
        A line: <code class="example">{EXAMPLE}</code>
      </p>
      <p class="quiet">
        The file never leaves this page: the browser itself forbids the page to send anything. Prices are made
        from the mean costs in the file.
      </p>
      {now?.simulated === false ? (
        <button type="button" id="simulated" onClick={() => start('', null)}>
          Back to the simulated prompts
        </button>
      ) : null}
    </section>
  )
}
