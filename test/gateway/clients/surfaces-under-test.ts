import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import type { MakeSurfaces } from '../../../src/gateway/surfaces.js'
import type { TestTimers } from './timers.js'

/** What answers clients in these tests: as a server has it, but for the clock. */
export function surfacesUnderTest({ after }: TestTimers): MakeSurfaces {
  return clientSurfaces({ call: undiciUpstream(), after })
}
