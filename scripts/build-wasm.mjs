// Compiles assembly/ twice, with SIMD and without, and writes the bytes as modules, so that nothing has to be fetched
// at run time.
// `node scripts/build-wasm.mjs --check` writes nothing and fails when the committed bytes differ from the source.
import { readFile, writeFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'

const TARGETS = ['simd', 'scalar']

function generated(target) {
  return new URL(`../src/kernel/wasm-${target}.generated.ts`, import.meta.url)
}

export async function compileKernel(target) {
  const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', target])
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr.toString()}`)
  const text = await readFile(new URL(`../build/kernel-${target}.wat`, import.meta.url), 'utf8')
  // The arena starts at a fixed byte of the memory: the module must own nothing there.
  if (/\(data /.test(text)) throw new Error('the kernel has static data, which would lie under the arena')
  const bytes = await readFile(new URL(`../build/kernel-${target}.wasm`, import.meta.url))
  // Hexadecimal, not base64: it keeps bytes whole, so that compression finds what repeats. A sixth less to load.
  return `// Generated from assembly/ by scripts/build-wasm.mjs: do not edit.\nexport const kernelWasmHex: string =\n  '${bytes.toString('hex')}'\n`
}

export async function writeKernel() {
  for (const target of TARGETS) {
    const next = await compileKernel(target)
    const current = await readFile(generated(target), 'utf8').catch(() => '')
    if (current !== next) await writeFile(generated(target), next)
  }
}

export async function kernelIsCurrent() {
  for (const target of TARGETS) {
    const current = await readFile(generated(target), 'utf8').catch(() => '')
    if (current !== (await compileKernel(target))) return false
  }
  return true
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.argv.includes('--check')) {
    if (!(await kernelIsCurrent())) {
      console.error('src/kernel/wasm-*.generated.ts differ from assembly/: run npm run build and commit them')
      process.exit(1)
    }
  } else await writeKernel()
}
