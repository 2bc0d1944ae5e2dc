import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './test/support/slowest-first.js'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A file each core: the default leaves one of them idle, which is half of two.
    maxWorkers: Math.max(2, availableParallelism()),
    // Commands of the command line are run in a folder of their own: a thread cannot change its folder.
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
    // Real processes and a real browser start slowly on a busy two-core machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
