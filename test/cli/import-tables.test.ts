import { expect, test } from 'vitest'
import { Folder } from './support.js'

const folder = new Folder()
const OUT = ['--out', 'rows.jsonl', '--json']

test('lines of Python have NaN for what is missing; a text may say NaN', async () => {
  const line = (id: string, reward: string, costUsd: string) =>
    `{"id": "${id}", "prompt": "is \\"NaN\\" a number?", "model": "small", "costUsd": ${costUsd}, "reward": ${reward}}\n`
  await folder.write(
    'a.jsonl',
    line('a', '1.0', '0.01') +
      line('b', 'NaN', '0.01') +
      line('c', '1.0', '-Infinity') +
      '{"prompt": NaN NaN}\n',
  )
  const report = JSON.parse(await folder.ok(['import-log', 'a.jsonl', '--for', 'evaluate', ...OUT]))
  expect(report).toMatchObject({ rowsIn: 4, rowsUsed: 2, rewards: { known: 1, unknown: 1 } })
  expect(report.leftOut).toEqual([
    { reason: 'bad-json', count: 1, first: 'a.jsonl:4' },
    { reason: 'bad-cost', count: 1, first: 'a.jsonl:3' },
  ])
  const [first] = (await folder.read('rows.jsonl')).toString().split('\n')
  expect(JSON.parse(first)).toMatchObject({ id: 'a', prompt: 'is "NaN" a number?' })
  await folder.write('a.json', `[${line('a', 'NaN', '1')}]`)
  await folder.refused(['import-log', 'a.json', ...OUT], /NaN is no JSON, null is; one record a line is read/)
})

test('a table with the answers beside the prompts is read as it is; one of other names is told with them', async () => {
  const rows =
    'Name a river,"The Rhine, say",small,$0.01,1\r\nAnother,"The ""Po""\r\nof Italy",small,0.03,None\r\n'
  await folder.write('a.csv', `\ufeffprompt,response,model,costUsd,reward\r\n${rows}`)
  const report = JSON.parse(await folder.ok(['import-log', 'a.csv', '--for', 'evaluate', ...OUT]))
  expect(report).toMatchObject({ rowsIn: 2, rowsUsed: 2, rewards: { known: 1, unknown: 1 } })
  expect(report.models.small.costUsd).toBeCloseTo(0.04, 12)
  await folder.write('c.csv', 'question,answer,engine\nName a river,The Po,small\n')
  await folder.refused(['import-log', 'c.csv', ...OUT], /the first has question, answer, engine/)
  await folder.write('d.csv', 'prompt,model,cost,score\nName a river,small,0.01,1\n')
  await folder.refused(
    ['import-log', 'd.csv', ...OUT],
    /columns that nothing was read of: cost, score; --column cost=NAME .* --reward NAME rewards/,
  )
})

test.each([
  [
    'a line of a spreadsheet that says the delimiter',
    'sep=;\r\nprompt;model;costUsd;reward\r\nA, b;small;0.01;1\r\n',
    3,
  ],
  ['that and a mark of bytes', '\ufeffsep=,\nprompt,model,costUsd,reward\n"A, b",small,0.01,1\n', 3],
  ['that in quotes, after empty lines', '\n\n"sep=|"\nprompt|model|costUsd|reward\nA, b|small|0.01|1\n', 5],
  ['a tab that is said', 'sep=\t\nprompt\tmodel\tcostUsd\treward\nA, b\tsmall\t0.01\t1\n', 3],
  ['a space behind each comma', 'prompt, model, costUsd, reward\n"A, b", small, 0.01, 1\n', 2],
  ['a space before each comma', 'model ,prompt ,costUsd ,reward \nsmall,"A, b",0.01,1\n', 2],
  ['spaces and quotes', 'model, prompt, costUsd, reward\nsmall, "A, b", 0.01, 1\n', 2],
])('a table with %s', async (_, text, line) => {
  await folder.write('a.csv', text)
  await folder.ok(['import-log', 'a.csv', '--out', 'rows.jsonl'])
  expect(JSON.parse((await folder.read('rows.jsonl')).toString())).toEqual({
    id: `a.csv:${line}`,
    prompt: 'A, b',
    outcomes: { small: { reward: 1, costUsd: 0.01 } },
  })
})

test.each(['prompt,model,costUsd,reward', 'prompt,model,costUsd,reward,"a, b"'])(
  'a cell keeps the spaces that its text begins with, where the header has none: %s',
  async (header) => {
    const rest = header.includes('"') ? ',' : ''
    await folder.write('a.csv', `${header}\n  an indented line,small,0.01,1${rest}\n`)
    await folder.ok(['import-log', 'a.csv', '--out', 'rows.jsonl'])
    expect(JSON.parse((await folder.read('rows.jsonl')).toString()).prompt).toBe('  an indented line')
  },
)

test('rows that were imported for something else are told, with the command that makes the right ones', async () => {
  await folder.write('a.csv', 'prompt,model,costUsd,reward\nName a river,small,0.01,1\n')
  const importFor = (use: string) => folder.ok(['import-log', 'a.csv', '--for', use, '--out', `${use}.jsonl`])
  await importFor('priors')
  await importFor('evaluate')
  await folder.refused(
    ['evaluate', '--log', 'priors.jsonl'],
    /priors\.jsonl:1: expected a decision, got recorded outcomes, .*'import-log --for evaluate' makes decisions/,
  )
  for (const command of [
    ['fit-priors', '--out', 'p.json'],
    ['replay', '--models', 'models.json'],
  ]) {
    await folder.write('models.json', { models: [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }] })
    await folder.refused(
      [...command, '--data', 'evaluate.jsonl'],
      /evaluate\.jsonl:1: expected recorded outcomes, got a decision, which is for 'evaluate'; 'import-log' makes outcomes/,
    )
  }
})

test('words that nobody gave a value are told, and long ones are not: they are what somebody wrote', async () => {
  const rows = ['1', 'good', 'bad', 'good', `Thank you, ${'x'.repeat(40)}`]
  await folder.write(
    'a.csv',
    `prompt,model,costUsd,reward\n${rows.map((reward) => `Hi,small,0.01,"${reward}"\n`).join('')}`,
  )
  const said = await folder.ok(['import-log', 'a.csv', '--out', 'rows.jsonl'])
  expect(said).toContain('Words that --reward-word could give a value: good (2), bad (1).\n')
  const words = ['--reward-word', 'good=1', '--reward-word', 'bad=0']
  const { rewards, unknownWords } = JSON.parse(await folder.ok(['import-log', 'a.csv', ...words, ...OUT]))
  expect({ rewards, unknownWords }).toEqual({ rewards: { known: 4, unknown: 0 }, unknownWords: {} })
})

test('files of other kinds are told with what makes rows of them', async () => {
  await folder.write('a.parquet', Buffer.from('PAR1\x15\x04\x15\x10', 'latin1'))
  await folder.refused(['import-log', 'a.parquet', ...OUT], /it is Parquet: use 'duckdb -c "COPY/)
  await folder.write('a.xlsx', Buffer.from('PK\x03\x04\x14\x00', 'latin1'))
  await folder.refused(['import-log', 'a.xlsx', ...OUT], /a spreadsheet is one too: save it as CSV/)
})

test('a table whose quotes are escaped in another way is told as that', async () => {
  await folder.write(
    'a.csv',
    'prompt,model,costUsd,reward\n"Say \\"x\\" twice",small,0.01,1\nHi,small,0.01,1\n',
  )
  const said = await folder.ok(['import-log', 'a.csv', '--out', 'rows.jsonl'])
  expect(said).toMatch(/than the header, or with quotes within that are not doubled +a\.csv:2/)
})
