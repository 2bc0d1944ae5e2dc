import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** All that a run of the tests writes to the temporary folder is in one of its own, and leaves with it. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-tests-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
