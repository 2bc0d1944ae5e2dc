// Writes docs/gateway.schema.json, by which editors complete and check a gateway's config, from the shapes in
// src/gateway/config. test/gateway/config/schema.test.ts fails when it is old: node scripts/gateway-schema.mjs
import { writeFileSync } from 'node:fs'
import { bundle } from './bundle-run.mjs'

const folder = await bundle('gateway-schema', { schema: 'src/gateway/config/config-shape.ts' })
const { configSchema } = await import(new URL('schema.mjs', folder).href)
writeFileSync(
  new URL('../docs/gateway.schema.json', import.meta.url),
  `${JSON.stringify(configSchema(), null, 1)}\n`,
)
