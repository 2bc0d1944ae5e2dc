import { useEffect, useRef } from 'preact/hooks'
import { type Chart, type ChartData, type ChartSpec, createChart } from '../../shared/chart.js'
import { view } from '../state.js'

/** Height of a chart, px. */
export const HEIGHT = 220

interface PlotProps {
  readonly spec: ChartSpec
  readonly data: ChartData
  /** What a reader without the picture is told. */
  readonly label: string
}

/** A chart that is drawn when its data are new. A new spec object makes a new chart. */
export function Plot({ spec, data, label }: PlotProps) {
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<Chart | null>(null)
  useEffect(() => {
    if (host.current === null) return
    const made = createChart(host.current, spec)
    chart.current = made
    return () => {
      chart.current = null
      made.destroy()
    }
  }, [spec])
  useEffect(() => {
    const marks = (view.value?.notes ?? []).filter(({ who }) => who === 'you').map(({ request }) => request)
    chart.current?.draw(data, marks)
  }, [data, spec])
  return <div class="plot" role="img" aria-label={label} ref={host} />
}
