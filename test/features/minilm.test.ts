import { describe, expect, it } from 'vitest'
import { createMiniLmEncoder, fitProjection, type TransformersModule } from '../../src/features/minilm.js'
import { expectCode, expectRejection, wrong } from './support.js'

interface Calls {
  loads: number
  pipelines: unknown[][]
  texts: string[]
}

/** The interface of the real package over vectors that are made up. */
function fakePackage(embed: (text: string) => ArrayLike<number> = embedding) {
  const calls: Calls = { loads: 0, pipelines: [], texts: [] }
  const module: TransformersModule & { env: object } = {
    env: { allowRemoteModels: true },
    pipeline: async (...args) => {
      calls.pipelines.push(args)
      return async (text, options) => {
        expect(options).toEqual({ pooling: 'mean', normalize: true })
        calls.texts.push(text)
        const data = embed(text)
        return { data, dims: [1, data.length] }
      }
    },
  }
  const load = async () => {
    calls.loads++
    await Promise.resolve()
    return module
  }
  return { calls, load }
}

function embedding(text: string): Float32Array {
  const seed = [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1009, 7)
  return Float32Array.from({ length: 384 }, (_, k) => Math.sin(seed * 0.37 + k * (1 + (seed % 29))) / 14)
}

describe('createMiniLmEncoder', () => {
  it('gives 384 numbers and a bias', async () => {
    const { load, calls } = fakePackage()
    const encoder = createMiniLmEncoder({ load })
    const context = Array.from(await encoder.encode('hello'))
    expect(encoder.dimension).toBe(385)
    expect(context).toEqual([...embedding('hello'), 1])
    expect(calls.pipelines).toEqual([['feature-extraction', 'Xenova/all-MiniLM-L6-v2', { dtype: 'q8' }]])
  })

  it('loads nothing until the first call, and once for several at a time', async () => {
    const { load, calls } = fakePackage()
    const encoder = createMiniLmEncoder({ load })
    expect(calls.loads).toBe(0)
    await Promise.all(['a', 'b', 'c'].map((text) => encoder.encode(text)))
    await encoder.encode('d')
    expect([calls.loads, calls.pipelines.length, calls.texts]).toEqual([1, 1, ['a', 'b', 'c', 'd']])
  })

  it('tries again after a failed load', async () => {
    const { load } = fakePackage()
    const reason = new Error('offline')
    let failures = 1
    const encoder = createMiniLmEncoder({ load: () => (failures-- > 0 ? Promise.reject(reason) : load()) })
    const [first, second] = await Promise.all([
      expectRejection(encoder.encode('a'), 'ENCODER_FAILED'),
      expectRejection(encoder.encode('b'), 'ENCODER_FAILED'),
    ])
    expect([first.cause, second.cause]).toEqual([reason, reason])
    expect((await encoder.encode('a')).length).toBe(385)
  })

  it('passes on where and how to run, and says so in its name', async () => {
    const { load, calls } = fakePackage()
    const options = { load, model: 'me/model', dtype: 'fp32', device: 'wasm', revision: 'abc' }
    const encoder = createMiniLmEncoder(options)
    await encoder.encode('x')
    expect(calls.pipelines[0]).toEqual([
      'feature-extraction',
      'me/model',
      { dtype: 'fp32', device: 'wasm', revision: 'abc' },
    ])
    expect(encoder.name).toBe('minilm-me/model@abc-fp32-384')
    expect(createMiniLmEncoder({ ...options, name: 'mine' }).name).toBe('mine')
  })

  it("projects on components of one's own", async () => {
    const { load } = fakePackage()
    const texts = Array.from({ length: 60 }, (_, i) => `prompt number ${i}`)
    const projection = fitProjection(texts.map(embedding), { components: 4 })
    const encoder = createMiniLmEncoder({ load, projection })
    expect(encoder.dimension).toBe(5)
    expect(encoder.name).toMatch(/-4-[0-9a-f]{8}$/)
    let squares = 0
    for (const text of texts) {
      const context = Array.from(await encoder.encode(text))
      expect(context[4]).toBe(1)
      squares += context[0] ** 2
    }
    expect(squares / texts.length).toBeCloseTo(1, 2)
  })

  it('cuts a long text', async () => {
    const { load, calls } = fakePackage()
    await createMiniLmEncoder({ load, maxChars: 100 }).encode('x'.repeat(1000))
    expect(calls.texts[0]).toHaveLength(100)
  })

  it.each([
    ['another number of dimensions', () => new Float32Array(768), 'DIMENSION_MISMATCH'],
    ['NaN', () => new Float32Array(384).fill(Number.NaN), 'ENCODER_FAILED'],
    ['no numbers', () => wrong<Float32Array>(null), 'ENCODER_FAILED'],
    [
      'an exception',
      () => {
        throw new Error('out of memory')
      },
      'ENCODER_FAILED',
    ],
  ] as const)('refuses a model that gives %s', async (_, embed, code) => {
    const load = async (): Promise<TransformersModule> => ({
      pipeline: async () => async () => ({ data: embed(), dims: [1, 384] }),
    })
    await expectRejection(createMiniLmEncoder({ load }).encode('x'), code)
  })

  it('names the package to install when it is missing', async () => {
    const error = await expectRejection(createMiniLmEncoder().encode('x'), 'MISSING_DEPENDENCY')
    expect(error.message).toContain('npm install @huggingface/transformers')
  })

  it('refuses what is no text', async () => {
    await expectRejection(
      createMiniLmEncoder({ load: fakePackage().load }).encode(wrong(7)),
      'INVALID_ARGUMENT',
    )
  })

  it.each([
    ['options', wrong(5), 'INVALID_ARGUMENT', 'options'],
    ['model', { model: '' }, 'INVALID_ARGUMENT', 'model'],
    ['dtype', { dtype: '' }, 'INVALID_ARGUMENT', 'dtype'],
    ['device', { device: '' }, 'INVALID_ARGUMENT', 'device'],
    ['load', wrong({ load: 'x' }), 'INVALID_ARGUMENT', 'load'],
    ['maxChars', { maxChars: 1 }, 'INVALID_ARGUMENT', 'maxChars'],
    ['projection', wrong({ projection: {} }), 'INVALID_ARGUMENT', 'projection.inputDimension'],
    [
      'a projection of other vectors',
      { projection: { inputDimension: 2, components: 1, matrix: [[1, 2]], offsets: [0] } },
      'DIMENSION_MISMATCH',
      'projection.inputDimension',
    ],
    ['a misspelling', wrong({ dtypes: 'q8' }), 'UNKNOWN_OPTION', 'dtypes'],
  ] as const)('refuses bad options: %s', (_, options, code, field) => {
    expectCode(() => createMiniLmEncoder(options), code, field)
  })
})
