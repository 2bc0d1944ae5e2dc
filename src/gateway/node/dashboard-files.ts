import { readFile } from 'node:fs/promises'
import type { DashboardFiles } from '../dashboard/files.js'

/** Where the build puts the page, seen from the bundle of the command line and from the sources. */
const PLACES = ['../dashboard/', '../../../dist/dashboard/']

/** The built page of the dashboard; undefined where it has not been built. */
export async function dashboardFiles(): Promise<DashboardFiles | undefined> {
  for (const place of PLACES) {
    const read = (name: string) => readFile(new URL(`${place}${name}`, import.meta.url), 'utf8')
    try {
      const [html, js, css] = await Promise.all([read('index.html'), read('app.js'), read('app.css')])
      return { html, js, css }
    } catch {
      // The next place.
    }
  }
  return undefined
}
