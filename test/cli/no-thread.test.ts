import { expect, it, vi } from 'vitest'
import { DirectLink } from '../../src/store/sqlite/direct-link.js'
import { WorkerLink } from '../../src/store/sqlite/worker-link.js'
import { hasSqlite } from '../store/sqlite-support.js'
import { Folder } from './support.js'

const folder = new Folder()

it.skipIf(!hasSqlite)('commands on a log in a file start no thread for SQLite', async () => {
  const threads = vi.spyOn(WorkerLink.prototype, 'call')
  const direct = vi.spyOn(DirectLink.prototype, 'call')
  try {
    const state = await folder.kept()
    const commands = [
      ['route', 'a prompt', '--state', state, '--json'],
      ['stats', '--state', state],
      ['inspect', state],
      ['export', state],
      ['snapshot', state, 'state.bin'],
      ['restore', 'state.bin', 'again.db'],
    ]
    for (const command of commands) {
      direct.mockClear()
      await folder.ok(command)
      expect.soft(direct, command[0]).toHaveBeenCalled()
      expect.soft(threads, command[0]).not.toHaveBeenCalled()
    }
  } finally {
    threads.mockRestore()
    direct.mockRestore()
  }
})
