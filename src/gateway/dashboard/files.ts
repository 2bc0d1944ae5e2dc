/** The page as it is built: `dist/dashboard/`. */
export interface DashboardFiles {
  readonly html: string
  readonly js: string
  readonly css: string
}
