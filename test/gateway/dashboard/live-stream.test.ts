import { expect, it } from 'vitest'
import { LiveStream } from '../../../src/gateway/dashboard/live-stream.js'
import type { Dashboard } from '../../../src/gateway/dashboard/view.js'

it('tells why an update could not be made, and ends the page', async () => {
  const cause = new RangeError('the log is gone')
  const told: unknown[] = []
  const dashboard: Dashboard = {
    data: () => {
      throw cause
    },
    explain: async () => null,
    whatIf: () => null,
    watched: () => {},
  }
  const stream = new LiveStream(dashboard, (error) => told.push(error))
  const page = stream.open(async () => true)
  expect(await new Response(page).text()).toBe('')
  expect(told).toEqual([cause])
  stream.close()
})
