import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { Folder } from './support.js'

const folder = new Folder()
const SECRET = 'sk-this-is-a-secret-0123456789'

const FILE = {
  model_list: [
    { model_name: 'small', litellm_params: { model: 'gpt-5-mini', api_key: 'os.environ/OPENAI_API_KEY' } },
    { model_name: 'large', litellm_params: { model: 'gpt-5', api_key: SECRET } },
    { model_name: '*', litellm_params: { model: 'openai/*' } },
  ],
  litellm_settings: { max_budget: 20, budget_duration: '1d', cache: true },
}
const LIST = {
  'gpt-5-mini': { litellm_provider: 'openai', input_cost_per_token: 2.5e-7, output_cost_per_token: 2e-6 },
  'gpt-5': { litellm_provider: 'openai', input_cost_per_token: 1.25e-6, output_cost_per_token: 1e-5 },
}

describe('import-config', () => {
  it('writes a config that check-config takes, and says what is left to do', async () => {
    await folder.write('config.yaml', stringify(FILE))
    await folder.write('prices.json', LIST)
    const said = await folder.ok([
      'import-config',
      'config.yaml',
      '--prices',
      'prices.json',
      '--out',
      'gateway.yaml',
    ])
    expect(said.split('\n')).toEqual([
      'gateway.yaml: 2 models on 2 upstreams, 1 left out',
      '  left out: model_list[2] (*): it stands for every model of its provider: name those that you use',
      '  to do: model_list[1].litellm_params.api_key: a secret stands there: put it into the environment as OPENAI_API_KEY_2',
      '  then: paretobandit check-config gateway.yaml, and keys for clients: paretobandit keys create NAME',
      '',
    ])
    const text = (await folder.read('gateway.yaml')).toString()
    expect(text).not.toContain(SECRET)
    // The user that serves it is often another, as in the image.
    expect((await stat(join(folder.path, 'gateway.yaml'))).mode & 0o777).toBe(0o666 & ~process.umask())
    expect(text).toContain('# Otherwise here:\n#   - litellm_settings.cache: not taken over\n')
    const checked = await folder.ok(['check-config', 'gateway.yaml', '--no-secrets'])
    expect(checked).toContain('no budget, cap $20 per day (UTC)')
    expect(checked).toContain('2 models on 2 upstreams')
  })

  it('reads the files that a file includes, from its own folder', async () => {
    await folder.write('prices.json', LIST)
    await folder.write(
      'config.yaml',
      stringify({ include: ['more.yaml'], model_list: FILE.model_list.slice(0, 1) }),
    )
    await folder.write(
      'more.yaml',
      stringify({ model_list: FILE.model_list.slice(1, 2), litellm_settings: { num_retries: 1 } }),
    )
    const flags = ['--prices', 'prices.json', '--out', 'gateway.yaml']
    const said = await folder.ok(['import-config', 'config.yaml', ...flags])
    expect(said).toMatch(/^gateway\.yaml: 2 models on 2 upstreams, 0 left out$/m)
    const text = (await folder.read('gateway.yaml')).toString()
    expect(text).toContain('# Made from config.yaml, more.yaml, ')
    expect(text).toContain('triesMax: 2')
    expect(text).not.toContain('include')
    await folder.write('config.yaml', 'include: [more.yaml]\n')
    expect(await folder.ok(['import-config', 'config.yaml', ...flags])).toMatch(/1 model on 1 upstream/)
    await folder.write('more.yaml', 'a: [\n')
    expect((await folder.run(['import-config', 'config.yaml', ...flags])).stderr).toMatch(
      /^more\.yaml:\d+:\d+: /m,
    )
    await folder.write('config.yaml', 'include: [none.yaml]\n')
    await folder.refused(
      ['import-config', 'config.yaml', ...flags],
      /none\.yaml: cannot read it: no such file/,
    )
  })

  it('writes to standard output without --out, and reads standard input', async () => {
    const { code, stdout, stderr } = await folder.run(['import-config', '-'], stringify(FILE))
    expect(code).toBe(0)
    await folder.write('gateway.yaml', stdout)
    expect(await folder.ok(['check-config', 'gateway.yaml', '--no-secrets'])).toContain('no mistakes')
    expect(stderr).toMatch(/^standard output: 2 models on 2 upstreams, 1 left out$/m)
    expect(stderr).toMatch(/^ {2}to do: litellm_settings\.max_budget: a cap holds priced models alone/m)
  })

  it('takes no flag that it has no use for', async () => {
    const help = await folder.ok(['import-config', '--help'])
    expect(help).toContain('--prices <list>')
    expect(help).not.toContain('--driver')
  })

  it('refuses what it cannot read, and writes nothing', async () => {
    await folder.write('gateway.yaml', 'old')
    const to = ['--out', 'gateway.yaml']
    await folder.write('other.yaml', 'models: [a]\n')
    await folder.refused(['import-config', 'other.yaml', ...to], /model_list: expected a list of models/)
    await folder.write('other.yaml', 'upstreams: []\nmodels: []\n')
    await folder.refused(['import-config', 'other.yaml', ...to], /it is a config of the gateway already/)
    await folder.write('tensorzero.toml', '[models.a]\nrouting = ["openai"]\n')
    await folder.refused(['import-config', 'tensorzero.toml', ...to], /of TensorZero's, docs\/GATEWAY\.md/)
    await folder.write('none.yaml', stringify({ model_list: FILE.model_list.slice(2) }))
    await folder.refused(
      ['import-config', 'none.yaml', ...to],
      /a model that can be called from here; model_list\[0\] \(\*\): it stands/,
    )
    await folder.write('config.yaml', stringify(FILE))
    await folder.refused(['import-config', 'config.yaml', '--prices', 'gone.json', ...to], /gone\.json/)
    await folder.refused(['import-config', 'gone.yaml', ...to], /gone\.yaml: cannot read it: no such file/)
    await folder.refused(['import-config', 'config.yaml', '--out', 'config.yaml'], /config\.yaml/)
    for (const grown of [
      `model_list: [{ model_name: a, litellm_params: { model: gpt-5, api_key:${SECRET} } }]`,
      `model_list: [{ model_name: a, litellm_params: { model: gpt-5 } }]\ngeneral_settings: {master_key:${SECRET}}`,
    ]) {
      await folder.write('grown.yaml', grown)
      const { code, stdout, stderr } = await folder.run(['import-config', 'grown.yaml', ...to])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^grown\.yaml:[12]:\d+: (.*: )?expected a space after '(api|master)_key:'$/m)
      expect(stderr).not.toContain(SECRET)
    }
    await folder.write('bad.yaml', 'a: [\n')
    const bad = await folder.run(['import-config', 'bad.yaml', ...to])
    expect([bad.code, bad.stdout]).toEqual([2, ''])
    expect(bad.stderr).toMatch(/^bad\.yaml:\d+:\d+: /m)
    expect((await folder.read('gateway.yaml')).toString()).toBe('old')
  })
})
