import type { Command } from 'commander'
import { writeOutput } from './line-sink.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { print } from './print.js'
import { withView } from './state/log-view.js'

const HELP = `
It only reads, also while a service runs on the log. What is in the snapshot: models, statistics, budgets, spend, and
requests that wait for feedback. What is not: events, and settings such as gamma or alpha ('restore' takes flags).

Example:
  $ paretobandit snapshot router.state router.snapshot`

export function registerSnapshot(program: Command): void {
  program
    .command('snapshot')
    .description('write the state of a log to one file')
    .argument('<log>', "the state file of 'route' or a service's log, or redis://HOST:PORT")
    .argument('<out>', 'the file to write; one that is there is replaced')
    .option('--stream <name>', 'which log of that Redis (default: paretobandit)')
    .addHelpText('after', HELP)
    .action(snapshot)
}

async function snapshot(log: string, out: string, flags: { readonly stream?: string }): Promise<void> {
  await checkOutputs([out], filesOfLog(log))
  const text = await withView(log, flags.stream, async ({ router, reader }) => {
    const bytes = router.snapshot()
    await writeOutput(out, bytes)
    const { position } = await router.digest()
    return `${out}: ${bytes.length} bytes, the state of ${reader.description} at position ${position}\n`
  })
  print(text)
}
