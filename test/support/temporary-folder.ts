import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let folder: string | null = null

/** All that a run of the tests writes to the temporary folder is in one of its own, and leaves with it. Each project asks for it. */
export default function setup(): () => void {
  if (folder !== null) return () => {}
  // A short name: sockets of Chromium lie in it, whose paths have 108 characters at most.
  const own = mkdtempSync(join(tmpdir(), 'pb-'))
  // As the folder it stands for: some tests run processes as nobody.
  chmodSync(own, 0o1777)
  folder = own
  process.env.TMPDIR = own
  return () => rmSync(own, { recursive: true, force: true, maxRetries: 3 })
}
