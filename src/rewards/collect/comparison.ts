import { Calibration, type CalibrationLine } from '../judge/calibration.js'
import { type Agreement, AgreementTable } from './agreement.js'
import type { CollectorSettings } from './collector-parts.js'

/** What sources say beside each other: how far they agree, and what the scores of one are worth on the scale of another. */
export class SourceComparison {
  private readonly calibrated: () => CollectorSettings['calibrated']
  private readonly table = new AgreementTable((...pair) => this.learn(...pair))
  private readonly calibration = new Calibration()

  constructor(calibrated: () => CollectorSettings['calibrated']) {
    this.calibrated = calibrated
  }

  /** Of this process, since it began. */
  get agreement(): Agreement[] {
    return this.table.rows()
  }

  /** The line that scores of the calibrated source are put on now; null: no source is. */
  get line(): CalibrationLine | null {
    return this.calibrated() === null ? null : this.calibration.line
  }

  /** A source has spoken of the answer of a decision. @param value in [0, 1] */
  heard(decision: string, source: string, value: number): void {
    this.table.heard(decision, source, value)
  }

  /** What a source said, as it counts. */
  scaled(source: string, value: number): number {
    return this.calibrated()?.source === source ? this.calibration.of(value) : value
  }

  private learn(a: string, valueA: number, b: string, valueB: number): void {
    const calibrated = this.calibrated()
    if (calibrated?.source === a && calibrated.by === b) this.calibration.add(valueA, valueB)
    else if (calibrated?.source === b && calibrated.by === a) this.calibration.add(valueB, valueA)
  }
}
