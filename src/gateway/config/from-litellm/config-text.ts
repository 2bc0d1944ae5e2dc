import { stringify } from 'yaml'
import type { ConvertedConfig } from './convert.js'

const WIDTH = 120
const UNPRICED = [
  '',
  '# Prices that are null come from the list below when the gateway starts: what has none there is booked at $0, and the log says so.',
]

/** What has to be done before the new file can be used, secrets first. */
export function stepsOf({ secrets, findings }: ConvertedConfig): readonly string[] {
  const moved = secrets.map(
    ({ path, name }) => `${path}: a secret stands there: put it into the environment as ${name}`,
  )
  return [...moved, ...findings.toDo].map(oneLine)
}

/** Models that are not in the new file, and why. */
export function leftOutOf({ findings }: ConvertedConfig): readonly string[] {
  return findings.leftOut.map(oneLine)
}

/** The new file: YAML, with all that people have to know of it in its first lines. @param source what the old file is called */
export function configTextOf(converted: ConvertedConfig, source: string): string {
  const { tree, findings } = converted
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['To do:', stepsOf(converted)],
    ['Left out:', leftOutOf(converted)],
    ['Otherwise here:', findings.changed.map(oneLine)],
  ]
  const lines = [
    '# yaml-language-server: $schema=node_modules/paretobandit/docs/gateway.schema.json',
    comment(`Made from ${source}, a config of LiteLLM's proxy. docs/GATEWAY.md says what each part means.`),
    ...parts.flatMap(([title, each]) =>
      each.length === 0 ? [] : ['#', comment(title), ...each.map((line) => comment(`  - ${line}`))],
    ),
    '',
    '# What a request may cost on average: with it the router pays for the dear models where they answer better.',
    '# budget:',
    '#   usdPerRequest: 0.002',
    ...(tree.prices === undefined ? [] : UNPRICED),
    stringify(tree, { lineWidth: WIDTH }),
  ]
  return lines.join('\n')
}

function comment(text: string): string {
  return `# ${oneLine(text)}`.trimEnd()
}

/** Whatever stands in the old file. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
