const EIGHTHS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A line of block characters, one a column: values from 0 to `high`, taller ones cut; NaN leaves a blank. */
export function sparkline(values: readonly number[], high: number): string {
  return values
    .map((value) => {
      if (Number.isNaN(value)) return ' '
      const level = Math.round((Math.min(value, high) / high) * (EIGHTHS.length - 1))
      return EIGHTHS[Math.max(0, level)]
    })
    .join('')
}

/** A horizontal bar of `width` columns, `share` of it filled. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/**
 * Means of `columns` equal parts of values[0 .. total); parts that reach beyond `length` are NaN.
 */
export function columnsOf(values: Float64Array, length: number, total: number, columns: number): number[] {
  return Array.from({ length: columns }, (_, i) => {
    const start = Math.floor((i * total) / columns)
    const end = Math.max(start + 1, Math.floor(((i + 1) * total) / columns))
    if (end > length) return Number.NaN
    let sum = 0
    for (let j = start; j < end; j++) sum += values[j]
    return sum / (end - start)
  })
}
