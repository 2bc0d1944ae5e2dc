import type { Command } from 'commander'
import { decodeEvent } from '../events/codec.js'
import type { LoggedEvent } from '../events/events.js'
import { START } from '../log/store.js'
import { ALL_EVENT_TABLE } from '../policy/all-events.js'
import { eventLine } from './event-log.js'
import { checkWritable } from './files.js'
import { plural } from './format.js'
import { LineSink } from './line-sink.js'
import { checkOutputs, filesOfLog, replacedText, sizeBefore } from './outputs.js'
import { print } from './print.js'
import { ExportedRequests } from './state/exported-requests.js'
import { type LogReader, withReader } from './state/log-view.js'

interface ExportFlags {
  readonly out?: string
  readonly outcomes?: boolean
  readonly stream?: string
}

const HELP = `
Without --outcomes: the events that took effect, one a line as JSON, oldest first, as 'route --log' writes them.
'evaluate --log' reads them.

With --outcomes: one line for each request whose cost and reward are known, by its latest bill,
  {"id", "source": "", "prompt": "", "features": [...], "outcomes": {"the model it went to": {"reward", "costUsd"}}}
with rewards brought to [0, 1]. 'replay --data' reads them, and plays rows that have an outcome of every model it is given:
a log knows one model a request, so give it that one model, and it tells what those requests earned and cost. What
another choice would have earned is for 'evaluate' to say.

It only reads, also while a service runs on the log. Prompts are not in a log, their features are.

Examples:
  $ paretobandit export router.state --out events.jsonl && paretobandit evaluate --log events.jsonl --policy uniform
  $ paretobandit export router.state --outcomes --out outcomes.jsonl
  $ paretobandit replay --data outcomes.jsonl --models gpt-4o-alone.json --cold`

export function registerExport(program: Command): void {
  program
    .command('export')
    .description('write the events of a log, or the outcomes of its requests, as JSON lines')
    .argument('<log>', "the state file of 'route' or a service's log, or redis://HOST:PORT")
    .option(
      '--out <file>',
      'the file to write; one that is there is replaced; readable by you alone (default: standard output)',
    )
    .option('--outcomes', "rows for 'replay' instead of events")
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .addHelpText('after', HELP)
    .action(exportLog)
}

async function exportLog(log: string, { out, outcomes, stream }: ExportFlags): Promise<void> {
  if (out !== undefined) {
    await checkOutputs([out], filesOfLog(log))
    await checkWritable(out)
  }
  const replaced = out === undefined ? 0 : await sizeBefore(out)
  const said = await withReader(log, stream, async (reader) => {
    // Opened after the log: without a log no file is made.
    const sink = await LineSink.open(out ?? '-')
    try {
      const count = await writeLines(reader, outcomes === true, sink)
      await sink.commit()
      return describe(count, outcomes === true, reader)
    } catch (error) {
      await sink.discard()
      throw error
    }
  })
  if (out !== undefined) print(`${out}: ${said}${replaced === 0 ? '' : `; ${replacedText(replaced)}`}\n`)
}

function describe(count: number, outcomes: boolean, { start }: LogReader): string {
  const lines = plural(count, outcomes ? 'outcome' : 'event')
  return start === START ? lines : `${lines}; what came before position ${start} is no longer in the log`
}

/** @returns how many lines */
async function writeLines(reader: LogReader, outcomes: boolean, sink: LineSink): Promise<number> {
  const requests = new ExportedRequests(reader.header, reader.start === START)
  if (outcomes)
    for await (const { event } of eventsOf(reader, false))
      if (event.type === 'billed') requests.takeBill(event)
  let count = 0
  for await (const { origin, number, event } of eventsOf(reader)) {
    if (requests.isKnown(origin, number)) continue
    const row = requests.take(event)
    if (row === false || (outcomes && row === true)) continue
    await sink.addLine(outcomes ? JSON.stringify(row) : eventLine(event))
    count++
  }
  return count
}

/** What the log has when it comes to its end, a piece at a time. @param hasLists false: without their lists of numbers, which takes less time */
async function* eventsOf(
  reader: LogReader,
  hasLists = true,
): AsyncGenerator<{ readonly origin: string; readonly number: number; readonly event: LoggedEvent }> {
  for (let after = reader.start; ; ) {
    const batches = await reader.read(after)
    if (batches.length === 0) return
    for (const { origin, firstNumber, events, position } of batches) {
      after = position
      for (const [i, bytes] of events.entries())
        yield { origin, number: firstNumber + i, event: decodeEvent(bytes, ALL_EVENT_TABLE, hasLists) }
    }
  }
}
