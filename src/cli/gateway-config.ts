import { existsSync } from 'node:fs'

/** What is looked for in the folder of the command where no config is named. */
export const DEFAULT_CONFIGS = ['gateway.yaml', 'gateway.yml', 'gateway.json'] as const

export function defaultConfig(): string | undefined {
  return DEFAULT_CONFIGS.find((name) => existsSync(name))
}
