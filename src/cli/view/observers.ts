import { setTimeout as sleep } from 'node:timers/promises'
import { Presets, SingleBar } from 'cli-progress'
import type { ReplayObserver, ReplayProgress } from '../../replay/settings.js'
import { usdPerThousand } from '../../report/format.js'
import { printError } from '../print.js'
import { LiveView } from './live-view.js'

/** Shows how a job of several replays gets on. */
export interface JobView {
  /** The observer of one replay. @param index of the replay, from 0 */
  observer(index: number, modelIds: readonly string[]): ReplayObserver
  stop(): void
}

/** Pause after each drawing of a first seed: routing is so fast that there would be nothing to see. */
const WATCHABLE_MS = 35

/** The picture in the terminal. The first seed at each budget is slowed down to be watched, the others run freely. */
export function liveJobView(title: string, replays: number): JobView {
  const view = new LiveView(process.stdout, title)
  return {
    observer: (index, modelIds) => ({
      turnMs: (seed) => (seed === 1 ? 0 : 30),
      onProgress: async (progress) => {
        const { record, seed, budgetUsdPerRequest } = progress
        if (budgetUsdPerRequest === null || (seed > 1 && record.length < record.models.length / 2)) return
        view.draw(progress, (index + progress.fraction) / replays, modelIds)
        if (seed === 1) await sleep(WATCHABLE_MS)
      },
    }),
    stop: () => view.stop(),
  }
}

/** A progress bar on stderr. */
export function barJobView(replays: number): JobView {
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} %  {what}  eta {eta_formatted}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  bar.start(replays * 1000, 0, { what: '' })
  return {
    observer: (index) => ({
      onProgress: (progress) =>
        bar.update(Math.floor(1000 * (index + progress.fraction)), { what: nameOf(progress) }),
    }),
    stop: () => bar.stop(),
  }
}

/** A line on stderr whenever something else is played: for logs and pipes. */
export function logJobView(replays: number): JobView {
  let last = ''
  return {
    observer: (index) => ({
      onProgress: (progress) => {
        const name = nameOf(progress)
        if (name === last) return
        last = name
        const share = Math.floor((100 * (index + progress.fraction)) / replays)
        printError(`${String(share).padStart(3)} %  ${name}\n`)
      },
    }),
    stop: () => {},
  }
}

export const SILENT_JOB_VIEW: JobView = { observer: () => ({}), stop: () => {} }

function nameOf({ scenario, cold, course, playing, budgetUsdPerRequest: budget }: ReplayProgress): string {
  const variant = course.variant === null ? '' : ` ${course.variant}`
  const what =
    budget === null ? `baseline ${playing}` : `${playing} at ${usdPerThousand(budget)} per 1,000 requests`
  return `${scenario}${cold ? ' from nothing' : ''}${variant}: ${what}`
}
