import { visible } from '../base/visible.js'
import type { Router } from '../router/router.js'
import { EventLog } from './event-log.js'
import { renderEffect } from './feedback-view.js'
import { usd } from './format.js'
import { checkOutputs, filesOfLog } from './outputs.js'
import { shellWord } from './shell-word.js'
import { teach } from './state/session.js'

/** What all commands have that tell something of a request. */
export interface FeedbackFlags {
  readonly state: string
  readonly log?: string
  /** File of a usage object, which is read. */
  readonly usage?: string
}

/**
 * Tells a kept router of a request, appends its event to the log of lines, and prints what it changed.
 * @param read what the flags give, once it is known that they overwrite nothing
 * @param tell gives it to the router; its events say how it went by `say`, with the model that they are of
 */
export async function giveFeedback<T>(
  id: string,
  flags: FeedbackFlags,
  read: () => Promise<T>,
  tell: (router: Router, given: T, say: (model: string, headline: string) => void) => void,
): Promise<void> {
  await checkOutputs([flags.log], [flags.usage], filesOfLog(flags.state))
  const given = await read()
  const log = new EventLog(flags.log)
  const text = await teach(flags.state, ({ router }) => {
    log.listen(router)
    const before = router.stats()
    let model = ''
    let headline = ''
    const say = (of: string, line: string) => {
      model = of
      headline = line
    }
    router.on('billed', (event) =>
      say(event.model ?? model, `the late bill of ${id} is booked: ${usd(event.costUsd)}\n`),
    )
    let warning = ''
    router.on('implausible-bill', ({ id: of, costUsd, listCostUsd }) => {
      warning = `  ${visible(of)}: a bill of ${usd(costUsd)} is far beyond what the request could cost (${usd(listCostUsd)} at list price); if it is wrong, 'paretobandit correct ${shellWord(visible(of))} --cost USD --state ${shellWord(visible(flags.state))}' books the right one\n`
    })
    tell(router, given, say)
    return headline + renderEffect(model, before, router.stats()) + warning
  })
  await log.tell(text)
}
