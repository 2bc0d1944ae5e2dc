import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { nativeModules } from './test/support/native-modules.js'
import { SlowestFirst } from './test/support/slowest-first.js'

/** Files that replace modules or load them twice: they need some of their own. */
const APART = ['test/kernel/load.test.ts', 'test/router/two-copies.test.ts']

export default defineConfig({
  test: {
    // One file more than cores: those of real processes and of Redis wait half of their time.
    maxWorkers: availableParallelism() + 1,
    // Commands of the command line are run in a folder of their own: a thread cannot change its folder.
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
    globalSetup: './test/support/temporary-folder.ts',
    // Real processes and a real browser start slowly on a busy two-core machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        plugins: [nativeModules()],
        // Modules here keep no state between calls: files share them, and a process.
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...APART, '**/node_modules/**'],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: APART } },
    ],
  },
})
