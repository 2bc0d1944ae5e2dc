import { describe, expect, test } from 'vitest'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
const STATE = ['--state', 'router.state']

async function routed(...flags: string[]): Promise<{ id: string; model: string }> {
  return JSON.parse(await folder.ok(['route', 'Why?', ...STATE, '--json', ...flags]))
}

describe('route --max-latency', () => {
  test('leaves out models that have been slower, and keeps those never timed', async () => {
    await folder.write('models.json', MODELS)
    const first = await routed('--models', 'models.json', '--budget', '1', '--candidates', 'small')
    await folder.ok(['settle', first.id, '--cost', '0.0001', '--latency-ms', '900', ...STATE])
    const two = ['--candidates', 'small', '--candidates', 'large']
    expect((await routed('--max-latency', '899', ...two)).model).toBe('large')
    expect((await routed('--max-latency', '900', '--candidates', 'small')).model).toBe('small')
    const refused = ['route', 'Why?', ...STATE, '--max-latency', '899', '--candidates', 'small']
    await folder.refused(refused, /no model may take this request/)
  })

  test.each(['-1', 'soon', '1e999'])('refuses %s', async (text) => {
    await folder.write('models.json', MODELS)
    await folder.refused(
      ['route', 'Why?', '--models', 'models.json', `--max-latency=${text}`],
      /--max-latency/,
    )
  })
})
