import type { Command } from 'commander'
import { readTextFile } from './files.js'
import { DEFAULT_CONFIGS, defaultConfig } from './gateway-config.js'
import { print } from './print.js'

interface CheckConfigFlags {
  readonly secrets: boolean
  readonly schema?: boolean
}

const HELP = `
Every mistake is told, as FILE:LINE:COLUMN: PATH: what is wrong. Editors find most of them while you write: begin the file with
  # yaml-language-server: $schema=node_modules/paretobandit/docs/gateway.schema.json

Examples:
  $ paretobandit check-config gateway.yaml
  $ paretobandit check-config gateway.yaml --no-secrets   # in CI, where the environment has no keys`

export function registerCheckConfig(program: Command): void {
  program
    .command('check-config')
    .description('check the config of a gateway, all of it, or print its JSON schema')
    .argument('[file]', `YAML or JSON (default: ${DEFAULT_CONFIGS.join(', ')})`)
    .option('--no-secrets', 'do not look whether the environment variables that it names are set')
    .option('--schema', 'print the JSON schema instead')
    .addHelpText('after', HELP)
    .action(checkConfig)
}

async function checkConfig(given: string | undefined, { secrets, schema }: CheckConfigFlags): Promise<void> {
  if (schema === true) {
    const { configSchema } = await import('../gateway/config/config-shape.js')
    print(`${JSON.stringify(configSchema(), null, 2)}\n`)
    return
  }
  const file = given ?? defaultConfig() ?? DEFAULT_CONFIGS[0]
  const text = await readTextFile(file)
  const { readConfigText } = await import('../gateway/config/read-config.js')
  const { summaryOf } = await import('../gateway/config/summary.js')
  const { readPriors } = await import('../gateway/node/priors-file.js')
  const config = await readConfigText(text, { name: file, env: secrets ? process.env : null })
  const priors = await readPriors(config, { name: file, text })
  print(
    `${file}: no mistakes\n${summaryOf(config, priors)
      .map((line) => `  ${line}\n`)
      .join('')}`,
  )
}
