import { visible } from '../../base/visible.js'
import type { WriteLine } from './request-log.js'

/** Lines of one start. */
const LINES_MAX = 20

/**
 * A line for each option that the config and the log say differently: where the log's holds, or a command had set it, a warning with all that is
 * known of it; else that the config's is in force now.
 * @param differences of the router's recovery
 * @param warnings of its journal: some of them behind the name of the store, as people can see them, with more
 */
export function differenceLines(
  write: WriteLine,
  scrub: (text: string) => string,
  differences: readonly string[],
  warnings: readonly string[],
): void {
  for (const difference of differences.slice(0, LINES_MAX)) {
    const warning = warnings.find((line) => line.includes(`: ${visible(difference)}`))
    write(warning === undefined ? 'info' : 'warn', { difference: scrub(warning ?? difference) }, MESSAGE)
  }
  const more = differences.length - LINES_MAX
  if (more > 0) write('warn', { more }, MORE)
}

const MESSAGE = 'the config and the log differ'
const MORE = 'the config and the log differ in more than these'
