import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as loader from '@assemblyscript/loader'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { Arena } from '../../src/kernel/arena.js'
import { loadKernel } from '../../src/kernel/load.js'
import { ARGUMENTS, checkAddon, type NativeAddon, RESULT } from '../../src/kernel/native-addon.js'
import { WasmKernel } from '../../src/kernel/wasm-kernel.js'
import { NATIVE_MISSING } from '../support/arena.js'
import { expectCode } from '../support/errors.js'
import { MODELS } from '../support/router.js'

const OPTIONS = { dimension: 3, gamma: 0.997, lambda0: 1 }

const addon = vi.hoisted(() => ({ load: undefined as undefined | (() => NativeAddon) }))
vi.mock('../../src/kernel/native-addon.js', async (original) => {
  const real = await original<typeof import('../../src/kernel/native-addon.js')>()
  return { ...real, loadAddon: () => (addon.load ?? real.loadAddon)() }
})

vi.mock('@assemblyscript/loader', { spy: true })

afterEach(() => {
  addon.load = undefined
  vi.clearAllMocks()
  vi.unstubAllGlobals()
})

/** An addon that cannot be used, by what is wrong with it. */
const UNUSABLE: [string, () => NativeAddon, RegExp][] = [
  [
    'was not built',
    () => {
      throw new Error('not built')
    },
    /"native" cannot run here: not built; available: wasm, js\. Build it with npm run build:native/,
  ],
  [
    'is of an older interface',
    () => checkAddon({ interface: 0, bind: () => null }),
    /stale build: expected interface 3, got 0; available: wasm, js/,
  ],
  ['lacks a function', () => checkAddon({ interface: 2 }), /stale build/],
  ['is something else', () => checkAddon(undefined), /stale build: expected interface 3, got undefined/],
  [
    'fails to bind',
    () => ({
      interface: 2,
      bind: () => {
        throw new RangeError('expected an arena at the byte offset')
      },
    }),
    /expected an arena/,
  ],
]

describe.each(UNUSABLE)('an addon that %s', (_, load, message) => {
  it('is named as the cause when the native kernel was asked for', async () => {
    addon.load = load
    const error = await loadKernel('native', OPTIONS).catch((error) => error)
    expect(error).toMatchObject({ name: 'ParetoBanditError', code: 'KERNEL_UNAVAILABLE', field: 'kernel' })
    expect(error.message).toMatch(message)
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('leaves auto to WebAssembly', async () => {
    addon.load = load
    expect((await loadKernel('auto', OPTIONS)).name).toBe('wasm')
  })
})

describe('where there is no WebAssembly', () => {
  it('the error lists what can run', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    addon.load = UNUSABLE[0][1]
    const error = await loadKernel('wasm', OPTIONS).catch((error) => error)
    expect(error).toMatchObject({ code: 'KERNEL_UNAVAILABLE', field: 'kernel' })
    expect(error.message).toMatch(/"wasm" cannot run here: .*; available: js$/)
    expect((await loadKernel('auto', OPTIONS)).name).toBe('js')
  })

  it.skipIf(NATIVE_MISSING !== null)('the native kernel works on a buffer that is copied', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    const kernel = await loadKernel('auto', OPTIONS)
    expect(kernel.name).toBe('native')
    kernel.reserve(300)
    kernel.rebuild(299)
  })
})

describe.each([
  ['with SIMD', true, 'Node', loader.instantiateSync],
  ['without SIMD', false, 'Node', loader.instantiateSync],
  ['with SIMD', true, 'a browser', loader.instantiate],
  ['without SIMD', false, 'a browser', loader.instantiate],
] as const)('the module %s', (_, simd, place, instantiate) => {
  it(`comes through AssemblyScript's loader in ${place}, works on the arena, and is called without wrappers`, async () => {
    if (place !== 'Node') vi.stubGlobal('process', Object.create(process, { versions: { value: {} } }))
    const arena = new Arena(OPTIONS)
    arena.reserve(4)
    const kernel = await WasmKernel.create(arena, simd)
    expect(kernel.simd).toBe(simd)
    const load = vi.mocked(instantiate)
    expect(load).toHaveBeenCalledTimes(1)
    const [module, imports] = load.mock.calls[0]
    expect(module).toBeInstanceOf(WebAssembly.Module)
    expect(imports?.env?.memory).toBe(arena.memory)
    const { instance, exports } = await load.mock.results[0].value
    expect(exports.rebuild).not.toBe(instance.exports.rebuild)
    expect(Reflect.get(kernel, 'exports')).toBe(instance.exports)
    // Of a kernel that has been told where the arena lies: it writes there.
    const before = arena.f64.slice()
    kernel.update(0, 1, 1)
    expect(arena.f64).not.toEqual(before)
  })
})

it('is loaded in Node without a look at Response, for which Node would load all that fetch needs', async () => {
  const response = Object.getOwnPropertyDescriptor(globalThis, 'Response') ?? {}
  let looks = 0
  Object.defineProperty(globalThis, 'Response', {
    configurable: true,
    get: () => {
      looks++
      return undefined
    },
  })
  try {
    expect((await loadKernel('wasm', OPTIONS)).name).toBe('wasm')
    const router = await createRouter({ models: MODELS, kernel: 'wasm' })
    router.route('Why is the sky blue?')
    expect(looks).toBe(0)
  } finally {
    Object.defineProperty(globalThis, 'Response', response)
  }
})

it('where the loader does not load, JavaScript runs', async () => {
  vi.resetModules()
  vi.doMock('../../src/kernel/assemblyscript-loader.js', () => {
    throw new RangeError('The "utf-16le" encoding is not supported')
  })
  try {
    const { loadKernel } = await import('../../src/kernel/load.js')
    addon.load = UNUSABLE[0][1]
    expect((await loadKernel('auto', OPTIONS)).name).toBe('js')
    await expect(loadKernel('wasm', OPTIONS)).rejects.toMatchObject({ code: 'KERNEL_UNAVAILABLE' })
  } finally {
    vi.doUnmock('../../src/kernel/assemblyscript-loader.js')
  }
})

it('where there is no address space for a WebAssembly memory, the others run', async () => {
  class Full {
    constructor() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory')
    }
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Memory: Full, compile: WebAssembly.compile })
  addon.load = UNUSABLE[0][1]
  expect((await loadKernel('js', OPTIONS)).name).toBe('js')
  expect((await loadKernel('auto', OPTIONS)).name).toBe('js')
  await expect(loadKernel('wasm', OPTIONS)).rejects.toMatchObject({ code: 'KERNEL_UNAVAILABLE' })
})

it('outside Node nothing of the native kernel is looked for', async () => {
  // As in a worker of another runtime. Without any `process` the test runner itself stops; test/browser has none.
  vi.stubGlobal('process', Object.create(process, { versions: { value: {} } }))
  addon.load = () => {
    throw new Error('looked for')
  }
  expect((await loadKernel('auto', OPTIONS)).name).toBe('wasm')
  await expect(loadKernel('native', OPTIONS)).rejects.toThrow('"native" cannot run here: needs Node;')
})

describe.skipIf(NATIVE_MISSING !== null)('the addon', () => {
  it('is what auto takes', async () => {
    expect((await loadKernel('auto', OPTIONS)).name).toBe('native')
  })

  it('is not loaded when only a part of it is there, or something else', async () => {
    const { copyFile, mkdtemp, rm, truncate, writeFile } = await import('node:fs/promises')
    const { loadAddonFile } = await import('../../src/kernel/native-addon.js')
    const built = fileURLToPath(new URL('../../native/build/Release/paretobandit.node', import.meta.url))
    const folder = await mkdtemp(join(tmpdir(), 'paretobandit-'))
    const file = join(folder, 'addon.node')
    const load = () => loadAddonFile(file)
    expect(load).toThrow(/^not built$/)
    await copyFile(built, file)
    expect(load).toThrow(/^not built$/)
    await copyFile(`${built}.json`, `${file}.json`)
    await truncate(file, 30_000)
    expect(load).toThrow(/^broken build: expected \d+ bytes, got 30000$/)
    await writeFile(file, 'no addon')
    await writeFile(`${file}.json`, '{"bytes":8}')
    expect(load).toThrow(/^broken build: /)
    await rm(folder, { recursive: true })
  })

  it('refuses what is no arena', async () => {
    const { loadAddon } = await import('../../src/kernel/native-addon.js')
    const { bind } = loadAddon()
    expect(() => bind(new ArrayBuffer(64), 0, false)).toThrow(/expected an arena/)
    expect(() => bind(new ArrayBuffer(8192), 8200, false)).toThrow(/expected an arena/)
    expect(() => bind(new ArrayBuffer(8192), 4, false)).toThrow(/expected an arena/)
    expect(() => bind(new Float64Array(1000).fill(3).buffer, 0, false)).toThrow(/expected an arena/)
    expect(() => bind(undefined as never, 0, false)).toThrow(/expected an ArrayBuffer/)
  })

  it.each([0, 2] as const)('refuses an arena of %i heads whose map has a wrong entry', async (heads) => {
    const { Arena } = await import('../../src/kernel/arena.js')
    const { loadAddon } = await import('../../src/kernel/native-addon.js')
    const arena = new Arena({ ...OPTIONS, heads })
    const buffer = arena.f64.buffer as ArrayBuffer
    const bind = (): unknown => loadAddon().bind(buffer, arena.f64.byteOffset, false)
    for (let entry = 0; entry < 38; entry++) {
      const right = arena.f64[entry]
      for (const wrong of [-1, 0.5, Number.NaN, 2 ** 28]) {
        arena.f64[entry] = wrong
        expect(bind, `entry ${entry} = ${wrong}`).toThrow(/expected an arena/)
      }
      arena.f64[entry] = right
    }
    expect(bind()).toBeDefined()
  })

  it('stays on its arena when it is to be bound to something else', async () => {
    const { Arena } = await import('../../src/kernel/arena.js')
    const { loadAddon } = await import('../../src/kernel/native-addon.js')
    const arena = new Arena(OPTIONS)
    const functions = loadAddon().bind(arena.f64.buffer as ArrayBuffer, arena.f64.byteOffset, false)
    expect(() => functions.rebind(new ArrayBuffer(64), 0)).toThrow(/expected an arena/)
    arena.f64[arena.layout.params + ARGUMENTS] = 1
    arena.f64[arena.layout.params + RESULT] = 9
    functions.argmax()
    expect(arena.f64[arena.layout.params + RESULT]).toBe(0)
  })
})

describe('a module', () => {
  const given = () => readFileSync(new URL('../../dist/kernel.wasm', import.meta.url))

  it('is compiled at once: where a Cloudflare Worker starts no promise of code is kept', async () => {
    vi.resetModules()
    const never = vi.spyOn(WebAssembly, 'compile').mockReturnValue(new Promise(() => {}))
    try {
      addon.load = UNUSABLE[0][1]
      const { loadKernel } = await import('../../src/kernel/load.js')
      expect((await loadKernel('auto', OPTIONS)).name).toBe('wasm')
      expect(never).not.toHaveBeenCalled()
    } finally {
      never.mockRestore()
    }
  })

  it('is compiled later where a thread may compile only small ones at once', async () => {
    vi.resetModules()
    const { Module } = WebAssembly
    let refusals = 0
    WebAssembly.Module = new Proxy(Module, {
      construct() {
        refusals++
        throw new RangeError('WebAssembly.Compile is disallowed on the main thread')
      },
    })
    try {
      addon.load = UNUSABLE[0][1]
      const { loadKernel } = await import('../../src/kernel/load.js')
      const kernel = await loadKernel('auto', OPTIONS)
      expect([kernel.name, refusals]).toEqual(['wasm', 1])
    } finally {
      WebAssembly.Module = Module
    }
  })

  it('that may not be compiled leaves JavaScript', async () => {
    vi.resetModules()
    const { Module } = WebAssembly
    WebAssembly.Module = new Proxy(Module, {
      construct() {
        throw new WebAssembly.CompileError('Wasm code generation disallowed by embedder')
      },
    })
    try {
      addon.load = UNUSABLE[0][1]
      const { loadKernel } = await import('../../src/kernel/load.js')
      expect((await loadKernel('auto', OPTIONS)).name).toBe('js')
    } finally {
      WebAssembly.Module = Module
    }
  })

  it('can be given: the kernel is of it, whatever else is there', async () => {
    const kernelModule = await WebAssembly.compile(given())
    for (const kernel of ['auto', 'wasm'] as const) {
      const router = await createRouter({ models: MODELS, dimension: 3, kernel, kernelModule })
      expect(router.stats().kernel).toBe('wasm')
      const plain = await createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
      const choices = [router, plain].map((each) =>
        Array.from({ length: 60 }, (_, i) => {
          const { id, model } = each.route([0.5, i % 7, 1])
          each.reward(id, (i % 5) / 5)
          return model
        }),
      )
      expect(choices[0]).toEqual(choices[1])
    }
  })

  it('that is another is refused', async () => {
    // An empty module: the magic and the version.
    const empty = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
    const bad: [object, RegExp][] = [
      [empty, /it lacks configure, project/],
      [{}, /expected a WebAssembly.Module/],
      [given(), /expected a WebAssembly.Module/],
    ]
    for (const [kernelModule, message] of bad) {
      const error = await createRouter({ models: MODELS, dimension: 3, kernelModule }).catch((error) => error)
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'kernelModule' })
      expect(error.message).toMatch(message)
    }
    for (const kernel of ['js', 'native'] as const) {
      const both = { models: MODELS, dimension: 3, kernel, kernelModule: empty }
      const error = await createRouter(both).catch((error) => error)
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'kernelModule' })
    }
    const text = { models: MODELS, dimension: 3, kernelModule: 'kernel.wasm' as unknown as object }
    expect(await createRouter(text).catch((error) => error)).toMatchObject({ field: 'kernelModule' })
  })
})

it('where there is no chance yet a router is made; its ids come with the first request', async () => {
  const { getRandomValues } = crypto
  let isAllowed = false
  crypto.getRandomValues = ((array: Uint32Array<ArrayBuffer>) => {
    if (!isAllowed) throw new Error('Disallowed operation called within global scope')
    return getRandomValues.call(crypto, array)
  }) as typeof getRandomValues
  try {
    const router = await createRouter({ models: MODELS, dimension: 3 })
    const restored = await createRouter({ models: MODELS, dimension: 3 })
    restored.restore(router.snapshot())
    isAllowed = true
    const ids = [router, router, restored].map((each) => each.route([0, 0, 1]).id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^r-[a-z0-9]{12}\.[12]$/)
    const [first, second] = ids
    router.settle(first, { costUsd: 1e-4 })
    expectCode(() => restored.settle(second, { costUsd: 1e-4 }), 'UNKNOWN_REQUEST')
  } finally {
    crypto.getRandomValues = getRandomValues
  }
})
