// Compiles assembly/ and writes its bytes as a module, so that nothing has to be fetched at run time.
// `node scripts/build-wasm.mjs --check` writes nothing and fails when the committed bytes differ from the source.
import { readFile, writeFile } from 'node:fs/promises'
import asc from 'assemblyscript/asc'

const target = new URL('../src/kernel/wasm-bytes.generated.ts', import.meta.url)

export async function compileKernel() {
  const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', 'release'])
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr.toString()}`)
  const bytes = await readFile(new URL('../build/kernel.wasm', import.meta.url))
  return `// Generated from assembly/ by scripts/build-wasm.mjs: do not edit.\nexport const kernelWasmBase64: string =\n  '${bytes.toString('base64')}'\n`
}

export async function writeKernel() {
  const next = await compileKernel()
  const current = await readFile(target, 'utf8').catch(() => '')
  if (current !== next) await writeFile(target, next)
}

export async function kernelIsCurrent() {
  return (await compileKernel()) === (await readFile(target, 'utf8').catch(() => ''))
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.argv.includes('--check')) {
    if (!(await kernelIsCurrent())) {
      console.error(
        'src/kernel/wasm-bytes.generated.ts differs from assembly/: run npm run build and commit it',
      )
      process.exit(1)
    }
  } else await writeKernel()
}
