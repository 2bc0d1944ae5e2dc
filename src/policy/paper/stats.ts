import type { PacerMode } from './settings.js'

declare module '../stats.js' {
  interface PolicyReport {
    /** How the budget acts under policy `paper`. */
    readonly mode?: PacerMode
    /** What it charges models for, where that is not dollars. */
    readonly penaltyUnit?: 'log-price'
  }
}
