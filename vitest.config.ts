import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes and a real browser start slowly on a busy two-core machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
