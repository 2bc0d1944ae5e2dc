import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, link, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { checkOutputs, filesOfLog } from '../../src/cli/outputs.js'
import { lines, liteLlm, told } from '../evaluate/import-log/logs.js'
import { MODELS_DEV } from '../prices/lists.js'
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
/** What is written and not complete. */
async function unfinished(): Promise<string[]> {
  const names = (await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder.path, name))).size))
  return names.filter((_, i) => sizes[i] > 0)
}
const modeOf = async (name: string) => (await stat(join(folder.path, name))).mode & 0o777

describe('what commands write', () => {
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

  test.runIf(POSIX)('so is what fit-priors and prices write; figures and pages are not', async () => {
    await folder.write('models.json', { models: MODELS })
    await folder.write('list.json', MODELS_DEV)
    const outcomes = Object.fromEntries(
      MODELS.map(({ id }, i) => [id, { reward: i / 4, costUsd: 10 ** (i - 4) }]),
    )
    const rows = Array.from({ length: 200 }, (_, i) => ({ id: `p${i}`, prompt: `question ${i}`, outcomes }))
    await folder.write('outcomes.jsonl', lines(rows))
    const decisions = rows.map(({ id, prompt }, i) => ({
      id,
      prompt,
      model: i % 2 === 0 ? 'small' : 'large',
      reward: 0.5,
      costUsd: 0.001,
      propensity: 0.5,
    }))
    await folder.write('log.jsonl', lines(decisions))
    const replay = [
      '--data',
      'outcomes.jsonl',
      '--models',
      'models.json',
      '--budgets',
      '0.001',
      '--seeds',
      '1',
      '--features',
      'encode',
    ]
    for (const [args, name, mode] of [
      [['fit-priors', '--data', 'outcomes.jsonl', '--out'], 'priors.json', 0o600],
      [['prices', 'import', 'list.json', '--as', 'large=openai/gpt-5', '--write'], 'prices.json', 0o600],
      [['evaluate', '--log', 'log.jsonl', '--report'], 'page.html', 0o640],
      [['replay', ...replay, '--json'], 'figures.json', 0o640],
    ] as const) {
      await folder.write(name, 'what was there')
      await chmod(join(folder.path, name), 0o640)
      await folder.ok([...args, name])
      expect([name, await modeOf(name)]).toEqual([name, mode])
    }
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test.runIf(POSIX).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'is gone where %s breaks it off, prompts and all, and the file from before stands',
    async (signal) => {
      await folder.write('rows.jsonl', 'before')
      const args = ['import-log', '-', '--for', 'evaluate', '--out', 'rows.jsonl']
      const child = spawn(process.execPath, [BIN, ...args], { cwd: folder.path })
      const ended = once(child, 'close')
      // Who is ended reads no more.
      child.stdin.on('error', () => {})
      // More than is gathered before it is written; the end of the input never comes.
      child.stdin.write(lines(told(4000).map((call) => liteLlm(call))))
      await vi.waitFor(async () => expect(await unfinished()).not.toEqual([]), 20_000)
      child.kill(signal)
      expect(await ended).toEqual([null, signal])
      expect(await readdir(folder.path)).toEqual(['rows.jsonl'])
      expect((await folder.read('rows.jsonl')).toString()).toBe('before')
    },
  )

  test('is never what is read, under whatever name', async () => {
    await log()
    await folder.write('models.json', { models: MODELS })
    await folder.write('list.json', MODELS_DEV)
    await folder.write('outcomes.jsonl', 'x')
    await symlink(join(folder.path, 'outcomes.jsonl'), join(folder.path, 'link.jsonl'))
    await folder.write('log.jsonl', 'x')
    for (const args of [
      ['import-log', 'a.jsonl', '--out', './a.jsonl'],
      ['import-log', 'a.jsonl', '--models', 'models.json', '--out', 'models.json'],
      ['fit-priors', '--data', 'outcomes.jsonl', '--out', 'link.jsonl'],
      ['prices', 'import', 'list.json', '--as', 'large=openai/gpt-5', '--write', 'list.json'],
      ['prices', 'import', 'list.json', '--models', 'models.json', '--write', 'models.json'],
      ['evaluate', '--log', 'log.jsonl', '--report', 'log.jsonl'],
      ['replay', '--data', 'outcomes.jsonl', '--models', 'models.json', '--report', 'link.jsonl'],
      ['replay', '--data', 'outcomes.jsonl', '--models', 'models.json', '--json', 'models.json'],
      ['tune', '--data', 'outcomes.jsonl', '--models', 'models.json', '--json', 'outcomes.jsonl'],
      ['conformance', 'log.jsonl', '--json', 'log.jsonl'],
    ]) {
      await folder.refused(args, /expected another file than .*, which is read/)
    }
    expect(String(await folder.read('outcomes.jsonl'))).toBe('x')
  })

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

  test('goes to no folder: a command that adds lines to a log of its own has done nothing then', async () => {
    await routed()
    await mkdir(join(folder.path, 'folder'))
    const before = await folder.ok(['inspect', 'router.state'])
    const flags = ['--state', 'router.state', '--log', 'folder']
    for (const args of [
      ['route', 'rain'],
      ['settle', 'r.1', '--cost', '1'],
      ['reward', 'r.1', '1'],
      ['fail', 'r.1'],
      ['cancel', 'r.1'],
      ['correct', 'r.1', '--cost', '1'],
      ['adjust', '1'],
      ['tenant', 'acme', '--budget', '1'],
    ])
      await folder.refused([...args, ...flags], /folder: cannot write it: it is a folder/)
    expect(await folder.ok(['inspect', 'router.state'])).toBe(before)
  })

  test.runIf(HAS_FULL)('says what was done before it tells that no line of it could be written', async () => {
    await folder.write('models.json', MODELS)
    const flags = ['--state', 'router.state', '--log', '/dev/full']
    for (const [args, said] of [
      [['route', 'Hello', '--models', 'models.json', '--budget', '1'], /request r\.1|settle r\.1/],
      [['settle', 'r.1', '--cost', '0.5'], /r\.1 settled on/],
      [['adjust', '2'], /spend \$0\.500/],
      [['tenant', 'acme', '--budget', '1'], /tenant acme: budget \$1\.00/],
    ] as const) {
      const { code, stdout, stderr } = await folder.run([...args, ...flags])
      expect([code, stderr]).toEqual([2, 'paretobandit: /dev/full: cannot write it: no space left\n'])
      expect(stdout).toMatch(said)
    }
  })

  test.runIf(HAS_FULL)(
    'on standard error, where nobody reads it, changes neither work nor exit code',
    async () => {
      await folder.write('models.json', MODELS)
      await folder.write('empty.state', '')
      const run = (...args: string[]) =>
        promisify(execFile)('sh', ['-c', '"$0" "$@" 2> /dev/full', process.execPath, BIN, ...args], {
          cwd: folder.path,
        }).then(
          ({ stdout }) => ({ code: 0, stdout }),
          ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
        )
      expect(await run('stats', '--state', 'none')).toEqual({ code: 2, stdout: '' })
      // It says on standard error that the file was empty.
      const routed = await run('route', 'rain', '--models', 'models.json', '--state', 'empty.state')
      expect([routed.code, routed.stdout]).toEqual([0, expect.stringContaining('settle r.1')])
      expect(await folder.ok(['stats', '--state', 'empty.state'])).toContain('1 request routed')
    },
  )

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

  // Between two looks SQLite of another process may take one away and make the other in its place.
  test('may have a log beside which two files have one number, and is not any of these itself', async () => {
    const path = join(folder.path, 'numbers.state')
    await writeFile(`${path}-wal`, 'x')
    await link(`${path}-wal`, `${path}-journal`)
    await expect(checkOutputs([], [], filesOfLog(path))).resolves.toBeUndefined()
    await expect(checkOutputs([`${path}-wal`], [], filesOfLog(path))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
    })
  })
})
