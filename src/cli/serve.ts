import { type Command, InvalidArgumentError } from 'commander'
import { ParetoBanditError } from '../index.js'
import { CommandError } from './command-error.js'
import { fileError, isErrno } from './files.js'
import { portFlag } from './flags.js'
import { DEFAULT_CONFIGS, defaultConfig } from './gateway-config.js'
import { listenError } from './listen-error.js'
import { printError } from './print.js'

interface ServeFlags {
  readonly host?: string
  readonly port?: number
  readonly demo?: boolean
  readonly seconds?: number
  readonly watch?: boolean
}

/** The smallest config there is, for who has none. */
export const FIRST_CONFIG = `# yaml-language-server: $schema=node_modules/paretobandit/docs/gateway.schema.json
budget: { usdPerRequest: 0.004 }
upstreams:
  - { id: openai, protocol: openai, baseUrl: https://api.openai.com/v1, apiKey: $OPENAI_API_KEY }
models:
  - { id: gpt-5-mini, upstream: openai, prices: { inputUsdPerMTok: 0.25, outputUsdPerMTok: 2 } }
  - { id: gpt-5, upstream: openai, prices: { inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 } }
`

const WHAT_TO_DO = `expected the config of a gateway. For the keys that the environment has

  $ paretobandit init --prices https://models.dev/api.json

lists models with their prices, and writes gateway.yaml for those that you name. Or write it yourself:

${FIRST_CONFIG.replace(/^/gm, '  ').trimEnd()}

then

  $ export OPENAI_API_KEY=...
  $ paretobandit check-config gateway.yaml
  $ paretobandit keys create me
  $ paretobandit serve gateway.yaml

and give clients the base URL http://127.0.0.1:8787/v1, that key, and the model 'auto'.
docs/GATEWAY.md says more; examples/gateway.yaml has most parts of a config. To see it work first, without a provider's key:

  $ paretobandit serve --demo
`

const OTHER_SETTINGS =
  "Put it back, or see 'Settings that a log keeps' in docs/GATEWAY.md for how to go on with what it has learned"

const HELP = `
It runs until SIGTERM or SIGINT: then no request is let in, those under way end (timeouts.drainMs at most), and the log is
flushed; a second signal ends it at once. SIGHUP reads the config again: models, prices, budgets, caps, tenants and keys change
without dropping a stream. Its log is a line of JSON a request, on standard output.

Examples:
  $ paretobandit serve gateway.yaml
  $ paretobandit serve gateway.yaml --host 0.0.0.0 --port 80 --watch
  $ paretobandit serve --demo --seconds 60`

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the gateway: the addresses of OpenAI and Anthropic, routed inside your budget')
    .argument('[file]', `its config, YAML or JSON (default: ${DEFAULT_CONFIGS.join(', ')})`)
    .option('--host <address>', "where it listens, in place of the config's listen.host")
    .option('--port <number>', "in place of the config's listen.port; 0 takes a free one", portFlag)
    .option('--watch', 'read the config again by itself when its file is edited, as SIGHUP does')
    .option('--demo', 'without a config: simulated providers and traffic, on this machine (client key: demo)')
    .option('--seconds <number>', 'of --demo: ends after so long (default: runs until Ctrl-C)', secondsFlag)
    .addHelpText('after', HELP)
    .action(run)
}

async function run(
  given: string | undefined,
  { host, port, demo, seconds, watch }: ServeFlags,
): Promise<void> {
  if (demo === true) {
    if (given !== undefined || host !== undefined || watch === true)
      throw new CommandError('BAD_ARGUMENT', '--demo: expected no config, no --host and no --watch beside it')
    const { serveDemo } = await import('./serve-demo.js')
    await serveDemo({
      ...(port === undefined ? {} : { port }),
      ...(seconds === undefined ? {} : { seconds }),
    })
    return
  }
  if (seconds !== undefined) throw new CommandError('BAD_ARGUMENT', '--seconds: expected --demo beside it')
  const file = given ?? defaultConfig()
  if (file === undefined) {
    printError(`paretobandit: serve: ${WHAT_TO_DO}`)
    process.exitCode = 2
    return
  }
  const { serve } = await import('../gateway/node/serve.js')
  const { clientSurfaces } = await import('../gateway/client-surfaces.js')
  const { proxiedBy, undiciUpstream } = await import('../gateway/node/undici-upstream.js')
  const { importFrom } = await import('../gateway/node/import-package.js')
  const { wayTo, lines } = proxiedBy(process.env)
  const serving = await serve({
    file,
    listen: { host, port },
    watch,
    surfaces: clientSurfaces({
      call: undiciUpstream(wayTo),
      aiSdk: { importPackage: importFrom(process.cwd()) },
    }),
    env: process.env,
    lines,
  }).catch((error: unknown) => {
    throw startError(error, file)
  })
  process.on('uncaughtException', (error) => serving.fail(error))
  const { exitCode } = await serving.ended
  // Whatever is still open (a store that does not answer, a socket that was cut) keeps nobody waiting.
  process.exit(exitCode)
}

const FILE_CODES: readonly (string | undefined)[] = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EISDIR',
  'ENOTDIR',
  'EROFS',
]

/** What the operator can mend, in a line; a bug stays one. */
function startError(error: unknown, file: string): unknown {
  if (error instanceof ParetoBanditError && error.message.includes('its log was begun with'))
    return new CommandError('BAD_ARGUMENT', `${error.message}. ${OTHER_SETTINGS}`, { cause: error })
  if (!(error instanceof Error) || error instanceof ParetoBanditError) return error
  // What is beside the log: keys and notes.
  if ('code' in error && error.code === 'REDIS_UNAVAILABLE')
    return new CommandError('FILE_UNREADABLE', `${file}: store: ${error.message}`, { cause: error })
  const told = listenError(error, `${file}: listen`, ': --port takes another, or 0 for any')
  if (told !== error || !isErrno(error)) return told
  // It may be of another file: that of the keys, say.
  return FILE_CODES.includes(error.code) ? fileError(error, error.path ?? file, 'read') : error
}

function secondsFlag(text: string): number {
  const seconds = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 1 || seconds > 1e6)
    throw new InvalidArgumentError('Expected a number of seconds, 1 to 1,000,000.')
  return seconds
}
