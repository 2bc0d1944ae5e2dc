/** The page as it is built: `dist/dashboard/`. */
export interface DashboardFiles {
  /** `index.html`: it names the other two by `dashboard/app.js` and `dashboard/app.css`. */
  readonly html: string
  /** `app.js`, a module. */
  readonly js: string
  /** `app.css`. */
  readonly css: string
}
