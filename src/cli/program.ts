import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { registerAdjust } from './adjust.js'
import { registerCancel } from './cancel.js'
import { registerCheckConfig } from './check-config.js'
import { registerConformance } from './conformance.js'
import { registerCorrect } from './correct.js'
import { registerDashboard } from './dashboard.js'
import { refuseEmptyPaths } from './empty-paths.js'
import { registerEvaluate } from './evaluate.js'
import { registerExplain } from './explain.js'
import { registerExport } from './export.js'
import { registerFail } from './fail.js'
import { registerFitPriors } from './fit-priors.js'
import { registerImportConfig } from './import-config.js'
import { registerImportLog } from './import-log.js'
import { registerInspect } from './inspect.js'
import { registerKeys } from './keys.js'
import { refuseRepeated } from './once.js'
import { registerPrices } from './prices.js'
import { registerReplay } from './replay.js'
import { registerRestore } from './restore.js'
import { registerReward } from './reward.js'
import { registerRoute } from './route.js'
import { registerServe } from './serve.js'
import { registerSettle } from './settle.js'
import { registerSnapshot } from './snapshot.js'
import { addDriverFlags } from './state/driver.js'
import { registerStats } from './stats.js'
import { registerTenant } from './tenant.js'
import { registerTune } from './tune.js'

const EXAMPLES = `
Examples:
  Decide where a prompt goes, and keep what is learned in a file (SQLite):
    $ paretobandit route "Explain quantum computing" --models models.json --budget 0.002 --state router.state
  Teach it what the call cost and how good the answer was:
    $ paretobandit settle r.1 --cost 0.0011 --state router.state
    $ paretobandit reward r.1 0.85 --state router.state
  Look at it, back it up, and read its history:
    $ paretobandit inspect router.state
    $ paretobandit explain r.1 router.state
    $ paretobandit dashboard router.state
    $ paretobandit snapshot router.state router.snapshot
    $ paretobandit export router.state --out events.jsonl
  Play recorded outcomes through the policy:
    $ paretobandit replay --data outcomes.jsonl --models models.json --report report.html

'paretobandit COMMAND --help' tells more of a command.
Exit codes: 0 done, 1 conformance failed (or a bug), 2 bad input (one line on stderr says what).`

/** The command line: every command registered, errors thrown instead of printed. */
export function makeProgram(): Command {
  const program = new Command('paretobandit')
    .description('Routes prompts among LLMs inside a dollar budget, and learns from what comes back.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError: () => {}, writeErr: () => {} })
    .addHelpText('after', EXAMPLES)
  registerRoute(program)
  registerSettle(program)
  registerReward(program)
  registerFail(program)
  registerCancel(program)
  registerCorrect(program)
  registerAdjust(program)
  registerTenant(program)
  registerStats(program)
  registerInspect(program)
  registerExplain(program)
  registerDashboard(program)
  registerSnapshot(program)
  registerRestore(program)
  registerExport(program)
  registerImportLog(program)
  registerFitPriors(program)
  registerReplay(program)
  registerEvaluate(program)
  registerTune(program)
  registerConformance(program)
  registerServe(program)
  registerCheckConfig(program)
  registerImportConfig(program)
  registerKeys(program)
  registerPrices(program)
  addDriverFlags(program)
  refuseEmptyPaths(program)
  refuseRepeated(program)
  return program
}

/** Two folders up from here is the package, in src/ as in dist/. */
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
