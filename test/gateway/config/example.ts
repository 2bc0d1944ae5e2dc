import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** The config that users begin with. */
export const EXAMPLE = readFileSync(
  fileURLToPath(new URL('../../../examples/gateway.yaml', import.meta.url)),
  'utf8',
)

export const ENV = {
  OPENAI_API_KEY: 'sk-openai-0123456789',
  ANTHROPIC_API_KEY: 'sk-ant-0123456789',
  SUPPORT_BOT_KEY: 'pb-support-0123456789abcdef',
  PARETOBANDIT_ADMIN_KEY: 'pb-admin-0123456789abcdef',
}

/** A tree that tests change. */
export type Tree = { [key: string]: unknown }

export function exampleTree(): Tree {
  return parse(EXAMPLE) as Tree
}

/** The smallest config there is. */
export function smallTree(): Tree {
  return {
    store: { kind: 'memory' },
    upstreams: [{ id: 'up', protocol: 'openai', baseUrl: 'http://127.0.0.1:9' }],
    models: [{ id: 'm', upstream: 'up', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } }],
  }
}
