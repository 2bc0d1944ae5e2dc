import { defaultEncoder } from '../../src/features/default-encoder.js'
import type { Ask } from './messages.js'
import { Stage } from './play/stage.js'

/** Pause between two turns when nothing is due, ms: less than a frame. */
const PAUSE_MS = 8

const stage = new Stage(
  defaultEncoder(),
  () => performance.now(),
  (message) => postMessage(message),
)
addEventListener('message', ({ data }: MessageEvent<Ask>) => void stage.ask(data))

// A message to oneself comes back at once, and after those that wait: the page is heard between two slices.
const again = new MessageChannel()
again.port1.onmessage = turn

function turn(): void {
  if (stage.turn()) again.port2.postMessage(null)
  else setTimeout(turn, PAUSE_MS)
}
turn()
postMessage({ type: 'listening' })
