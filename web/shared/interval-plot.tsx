export interface IntervalLine {
  readonly label: string
  readonly color: string
  readonly mean: number
  readonly low: number
  readonly high: number
  /** The numbers, in words. */
  readonly text: string
}

/** Means as points on the lines that are their intervals, one below the other; the numbers stand beside them. */
export function IntervalPlot({
  lines,
  label,
}: {
  readonly lines: readonly IntervalLine[]
  readonly label: string
}) {
  const least = Math.min(...lines.map(({ low }) => low))
  const most = Math.max(...lines.map(({ high }) => high))
  const pad = (most - least) * 0.05 || 0.5
  const x = (value: number) => 100 * ((value - least + pad) / (most - least + 2 * pad))
  return (
    <ul class="intervals" aria-label={label}>
      {lines.map(({ label: name, color, mean, low, high, text }) => (
        <li key={name}>
          <span class="name" title={name}>
            {name}
          </span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <line x1={x(low)} x2={x(high)} y1={5} y2={5} stroke={color} vector-effect="non-scaling-stroke" />
            <line
              x1={x(mean)}
              x2={x(mean)}
              y1={1}
              y2={9}
              stroke={color}
              vector-effect="non-scaling-stroke"
              class="mean"
            />
          </svg>
          <span class="figure">{text}</span>
        </li>
      ))}
    </ul>
  )
}
