import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { lines, liteLlm, told } from '../evaluate/import-log/logs.js'
import { BIN, Folder, MODELS } from './support.js'

const folder = new Folder()
const POSIX = process.platform !== 'win32'
const HAS_FULL = process.platform === 'linux'
const IMPORT = ['import-log', 'a.jsonl', '--reward', 'metadata.feedback.stars', '--reward-range', '1,5']
const log = (count = 40) => folder.write('a.jsonl', lines(told(count).map((call) => liteLlm(call))))
async function routed() {
  await folder.write('models.json', { models: MODELS })
  await folder.ok(['route', 'rain', '--models', 'models.json', '--budget', '1', '--state', 'router.state'])
}
const modeOf = async (name: string) => (await stat(join(folder.path, name))).mode & 0o777

describe('what import-log and export write', () => {
  test.runIf(POSIX)(
    'is for its owner alone, also where it replaces what all could read, and says that it did',
    async () => {
      await log()
      await routed()
      for (const [args, name] of [
        [IMPORT, 'rows.jsonl'],
        [['export', 'router.state'], 'events.jsonl'],
      ] as const) {
        await folder.write(name, 'twelve bytes')
        await chmod(join(folder.path, name), 0o644)
        expect(await folder.ok([...args, '--out', name])).toContain(`${name}: `)
        expect(await modeOf(name)).toBe(0o600)
        await chmod(join(folder.path, name), 0o666)
        const { size } = await stat(join(folder.path, name))
        const said = await folder.ok([...args, '--out', name])
        expect(said).toContain(`the ${size} bytes that were in it are replaced`)
        expect(await modeOf(name)).toBe(0o600)
      }
      await folder.write('a.snapshot', 'x')
      await chmod(join(folder.path, 'a.snapshot'), 0o644)
      await folder.ok(['snapshot', 'router.state', 'a.snapshot'])
      expect(await modeOf('a.snapshot')).toBe(0o600)
      expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([])
    },
  )

  test('goes to no folder, and to none that is not there: a line, and exit code 2', async () => {
    await log()
    await routed()
    await mkdir(join(folder.path, 'folder'))
    for (const args of [IMPORT, ['export', 'router.state']]) {
      await folder.spawnRefused([...args, '--out', 'folder'], /folder: cannot write it: it is a folder/)
      await folder.spawnRefused(
        [...args, '--out', 'none/rows.jsonl'],
        /cannot write it: no such file or folder/,
      )
      await folder.spawnRefused([...args, '--out', 'a.jsonl/rows'], /rows: cannot write it/)
    }
    expect(await readdir(join(folder.path, 'folder'))).toEqual([])
  })

  test.runIf(HAS_FULL)('tells of a full device in a line, and so on standard output', async () => {
    await log(400)
    await routed()
    for (const args of [IMPORT, ['export', 'router.state']]) {
      await folder.spawnRefused(
        [...args, '--out', '/dev/full'],
        /\/dev\/full: cannot write it: no space left/,
      )
      const full = promisify(execFile)(
        'sh',
        [
          '-c',
          '"$0" "$@" > /dev/full',
          process.execPath,
          BIN,
          ...args,
          ...(args === IMPORT ? ['--out', '-'] : []),
        ],
        { cwd: folder.path },
      )
      const failed = await full.then(
        () => null,
        (error: { code: number; stderr: string }) => error,
      )
      expect(failed?.code).toBe(2)
      expect(failed?.stderr).toMatch(/^paretobandit: .*cannot write it: no space left\n$/)
    }
  })
})
