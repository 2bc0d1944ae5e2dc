import { afterEach, describe, expect, it, vi } from 'vitest'
import { everyStore } from '../../support/every-store.js'
import { CASES, FIRST } from './reload-cases.js'
import { closeProcesses, started } from './reload-process.js'

afterEach(closeProcesses)

for (const { name, skip, log } of everyStore()) {
  describe.skipIf(skip)(`a restart after a reload, on ${name}`, () => {
    it.each(CASES)('leaves $name as an admin has set them since; a newer file wins', async (each) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {})
      const make = log()
      const edited = { ...FIRST, ...each.edited }
      const first = await started(make, FIRST)
      await first.reloads(edited)
      expect(each.inForce(first.router)).toEqual(each.byFile)
      await first.asks(...each.admin)
      expect(each.inForce(first.router)).toEqual(each.byAdmin)
      await first.close()
      for (let i = 0; i < 2; i++) {
        const again = await started(make, edited)
        expect(each.inForce(again.router)).toEqual(each.byAdmin)
        await again.close()
      }
      const newer = await started(make, { ...FIRST, ...each.newer })
      expect(each.inForce(newer.router)).toEqual(each.byNewer)
      await newer.close()
    })
  })
}
