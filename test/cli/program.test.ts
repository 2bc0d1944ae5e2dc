import { spawn } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { describeFailure } from '../../src/cli/exit.js'
import { makeProgram } from '../../src/cli/program.js'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const COMMANDS = [
  'route',
  'settle',
  'reward',
  'fail',
  'cancel',
  'correct',
  'adjust',
  'tenant',
  'stats',
  'inspect',
  'explain',
  'snapshot',
  'restore',
  'export',
  'import-log',
  'fit-priors',
  'replay',
  'evaluate',
  'conformance',
  'init',
  'serve',
  'check-config',
  'keys',
  'prices',
]

describe('a file without the flag that it needs is told with it', () => {
  test.each([
    [['stats', 'router.db'], "; did you mean 'paretobandit stats --state router.db'?"],
    [
      ['reward', 'router.db', 'r.7', '0.85'],
      "; did you mean 'paretobandit reward r.7 0.85 --state router.db'?",
    ],
    [['tenant', 'acme/eu', 'router.db'], "; did you mean 'paretobandit tenant acme/eu --state router.db'?"],
    [['stats', 'my log.db', '--json'], "; did you mean 'paretobandit stats --state 'my log.db''?"],
    [['evaluate', 'events.jsonl'], "; did you mean 'paretobandit evaluate --log events.jsonl'?"],
    [['fit-priors', 'rows.jsonl'], "; did you mean 'paretobandit fit-priors --data rows.jsonl'?"],
    [['reward', 'r.1', '0.9', 'x.db'], "; did you mean 'paretobandit reward r.1 0.9 --state x.db'?"],
    // Nothing is left over that may be the file, or it is an address, where a password may stand.
    [['stats'], ''],
    [['stats', '--nonsense'], ''],
    [['reward', 'r.1', '0.9'], ''],
    [['stats', 'redis://:secret-word@host'], ''],
  ])('%j', async (args, meant) => {
    const { code, stdout, stderr } = await folder.run(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^paretobandit: required option '--\S+ <\S+>' not specified/)
    expect(stderr.endsWith(`not specified${meant}\n`)).toBe(true)
  })
})

describe('a flag that takes one value', () => {
  test.each([
    ['fit-priors', '--data', 'a', '--data', 'b', '--out', 'c'],
    ['replay', '--data', 'a', '--models', 'm', '--data', 'b'],
    ['tune', '--data', 'a', '--models', 'm', '--seeds', '2', '--seeds=3'],
    ['import-log', 'a', '--for', 'replay', '--for', 'evaluate'],
    ['route', 'hello', '--models', 'm', '--budget', '1', '--budget', '2'],
    ['keys', 'create', 'name', '--config', 'a', '--config', 'b'],
  ])('is refused where it is given twice: %s', async (...args) => {
    await folder.refused(args, /--(data|seeds|for|budget|config): expected it once, it is given again/)
  })
})

describe('the bin', () => {
  test('is an executable script for node', async () => {
    expect(await readFile(BIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    if (process.platform !== 'win32') expect((await stat(BIN)).mode & 0o111).toBe(0o111)
  })

  test('tells the version of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await folder.spawnOk(['--version'])).toBe(`${version}\n`)
  })

  test('helps, with every command and examples', async () => {
    const help = await folder.spawnOk(['--help'])
    for (const command of COMMANDS) expect(help).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect(help).toContain('Examples:')
  })

  test.each(COMMANDS)('helps with %s', async (command) => {
    expect(await folder.ok([command, '--help'])).toMatch(new RegExp(`^Usage: paretobandit ${command} `))
    expect(await folder.ok(['help', command])).toMatch(new RegExp(`^Usage: paretobandit ${command} `))
  })

  test('ends quietly when its reader has gone', async () => {
    const child = spawn(process.execPath, [BIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('bad usage', () => {
  test.each([
    [[], /expected a command/],
    [['rout', 'x'], /unknown command 'rout' \(Did you mean route\?\)/],
    [['help', 'nothing'], /expected a command/],
    [['--versoin'], /unknown option '--versoin' \(Did you mean --version\?\)/],
    [['route', 'x', '--modles', 'm'], /unknown option '--modles' \(Did you mean --models\?\)/],
    [['route'], /missing required argument 'prompt'/],
    [['route', 'two', 'words'], /too many arguments/],
    [['route', 'x', '--models'], /argument missing/],
    [['settle', 'r.1'], /required option '--state <file>'/],
    [['settle', '--state', 's'], /missing required argument 'id'/],
    [['reward', 'r.1', '--state', 's'], /missing required argument 'value'/],
    [['fail', '--state', 's'], /missing required argument 'id'/],
    [['inspect'], /missing required argument 'log'/],
    [['snapshot', 'a'], /missing required argument 'out'/],
    [['restore', 'a'], /missing required argument 'log'/],
    [['export'], /missing required argument 'log'/],
    [['stats'], /required option '--state <file>'/],
    [['conformance'], /missing required argument 'files'/],
  ])('%j', (args, message) => folder.refused(args, message))

  test.each([
    [['route', 'x', '--models', ''], '--models'],
    [['route', 'x', '--state', ''], '--state'],
    [['route', 'x', '--state', 's', '--log', ''], '--log'],
    [['route', 'x', '--state', 's', '--priors', ''], '--priors'],
    [['settle', 'r.1', '--cost', '1', '--state', ''], '--state'],
    [['settle', 'r.1', '--state', 's', '--usage', ''], '--usage'],
    [['stats', '--state', ''], '--state'],
    [['inspect', ''], 'log'],
    [['dashboard', ''], 'log'],
    [['explain', 'r.1', ''], 'log'],
    [['export', ''], 'log'],
    [['export', 's', '--out', ''], '--out'],
    [['snapshot', 's', ''], 'out'],
    [['restore', '', 's'], 'snapshot'],
    [['restore', 's', ''], 'log'],
    [['import-log', 'a', '', '--out', 's'], 'files'],
    [['init', ''], 'config'],
    [['init', '--prices', ''], '--prices'],
    [['import-config', ''], 'config'],
    [['import-config', 'a', '--out', ''], '--out'],
    [['import-config', 'a', '--prices', ''], '--prices'],
    [['fit-priors', '--data', '', '--out', 's'], '--data'],
    [['replay', '--report', ''], '--report'],
    [['evaluate', '--log', ''], '--log'],
    [['tune', '--data', 'a', '--models', 'b', '--json', ''], '--json'],
    [['conformance', ''], 'files'],
    [['check-config', ''], 'file'],
    [['serve', ''], 'file'],
    [['keys', 'list', '--config', ''], '--config'],
    [['prices', 'import', ''], 'source'],
    [['prices', 'import', 'a', '--write', ''], '--write'],
  ])('%j: an empty path', (args, name) =>
    folder.refused(args, new RegExp(`^paretobandit: ${name}: expected a path, got an empty text\\n$`)),
  )

  test('is refused by the bin', () => folder.spawnRefused(['rout', 'x'], /unknown command 'rout'/))
})

test('a bug is told as one, with its stack', () => {
  const { exitCode, text } = describeFailure(new TypeError('x is undefined'))
  expect(exitCode).toBe(1)
  expect(text).toMatch(/a bug, please report it:\nTypeError: x is undefined\n {4}at /)
  expect(describeFailure('thrown text')).toMatchObject({ exitCode: 1 })
})

describe('the program', () => {
  test('loads the command that is named, and all of them for the help or a word that names nothing', async () => {
    const namesOf = async (...words: string[]) =>
      (await makeProgram(words)).commands.map((each) => each.name())
    for (const command of COMMANDS) expect(await namesOf(command, '--help')).toEqual([command])
    const all = await namesOf('--help')
    expect(all).toEqual(expect.arrayContaining(COMMANDS))
    for (const words of [[], ['help', 'stats'], ['statz'], ['constructor']])
      expect(await namesOf(...words)).toEqual(all)
    expect(await namesOf('--version')).toEqual([])
  })
})
