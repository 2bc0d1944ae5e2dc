// Builds the dashboard: one page, one script and one style sheet, with nothing from elsewhere.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

/** The colours of pages, which the report has in TypeScript. */
async function theme() {
  const { outputFiles } = await build({
    entryPoints: ['src/report/theme.ts'],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'warning',
  })
  const { THEME } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)
  return THEME
}

/** @returns the build, for the notices of what was bundled in */
export async function buildDashboard(outdir) {
  await mkdir(outdir, { recursive: true })
  const result = await build({
    entryPoints: [{ in: 'web/dashboard/main.tsx', out: 'app' }],
    outdir,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: 'web/tsconfig.json',
    logLevel: 'warning',
    metafile: true,
  })
  const css = await readFile(`${outdir}/app.css`, 'utf8')
  await writeFile(`${outdir}/app.css`, (await theme()) + css)
  await copyFile('web/dashboard/index.html', `${outdir}/index.html`)
  return result
}
