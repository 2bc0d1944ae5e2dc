/** Labels of a series: names are fixed by the instrument, values are texts of any kind. */
export type LabelValues<L extends string> = { readonly [N in L]: string }

interface Instrument {
  readonly name: string
  lines(): Iterable<string>
}

/** Series that one instrument may have. What comes beyond is counted together, with every label `other`. */
const SERIES_MAX = 5000
const OTHER = 'other'

/**
 * Counters, gauges and histograms as Prometheus reads them (text format 0.0.4). Label values come from configs and requests,
 * so their number is bounded: a client cannot fill the memory by inventing them.
 */
export class MetricsRegistry {
  private readonly instruments: Instrument[] = []

  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return this.add(new Counter(name, help, labels))
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    labels: readonly L[] = [],
  ): Histogram<L> {
    return this.add(new Histogram(name, help, bounds, labels))
  }

  /** @param read values at the moment of a scrape, by their labels */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[],
    read: () => Iterable<readonly [labels: LabelValues<L>, value: number]>,
    type: 'gauge' | 'counter' = 'gauge',
  ): void {
    this.add(new ReadGauge(name, help, labels, read, type))
  }

  text(): string {
    const lines: string[] = []
    for (const instrument of this.instruments) for (const line of instrument.lines()) lines.push(line)
    return `${lines.join('\n')}\n`
  }

  private add<I extends Instrument>(instrument: I): I {
    if (!/^[a-z][a-z0-9_]*$/.test(instrument.name))
      throw new TypeError(`bad name of a metric: ${instrument.name}`)
    if (this.instruments.some(({ name }) => name === instrument.name))
      throw new TypeError(`a metric is there already: ${instrument.name}`)
    this.instruments.push(instrument)
    return instrument
  }
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Branch<S> = Map<string, Node<S>>

interface Node<S> {
  readonly branch: Branch<S>
  /** Of the last label. */
  readonly leaf: S | undefined
}

/** Series by their label values. */
class SeriesMap<L extends string, S> {
  private readonly labels: readonly L[]
  private readonly make: () => S
  private readonly series: { readonly text: string; readonly of: S }[] = []
  /** By the value of the first label, then of the second, and so on: no text is made to find a series. */
  private readonly root: Branch<S> = new Map()
  private only: S | undefined

  constructor(labels: readonly L[], make: () => S) {
    this.labels = labels
    this.make = make
  }

  of(values: LabelValues<L>): S {
    const known = this.known(values)
    if (known !== undefined) return known
    if (this.series.length >= SERIES_MAX && this.labels.length > 0) {
      const other = Object.fromEntries(this.labels.map((label) => [label, OTHER])) as LabelValues<L>
      return this.known(other) ?? this.added(other)
    }
    return this.added(values)
  }

  *[Symbol.iterator](): Iterator<readonly [text: string, series: S]> {
    for (const { text, of } of this.series) yield [text, of]
  }

  private known(values: LabelValues<L>): S | undefined {
    const { labels } = this
    if (labels.length === 0) return this.only
    let branch: Branch<S> | undefined = this.root
    let leaf: S | undefined
    for (let i = 0; i < labels.length && branch !== undefined; i++) {
      const next: Node<S> | undefined = branch.get(values[labels[i]])
      branch = next?.branch
      leaf = next?.leaf
    }
    return leaf
  }

  private added(values: LabelValues<L>): S {
    const { labels } = this
    const of = this.make()
    this.series.push({ text: labelText(labels, values), of })
    if (labels.length === 0) this.only = of
    let branch = this.root
    labels.forEach((label, i) => {
      const value = values[label]
      const node = branch.get(value) ?? { branch: new Map(), leaf: i === labels.length - 1 ? of : undefined }
      branch.set(value, node)
      branch = node.branch
    })
    return of
  }
}

/** One series of a counter. */
export class CounterSeries {
  value = 0

  /** @param amount what is no finite number >= 0 is left out */
  add(amount: number): void {
    if (amount >= 0 && amount < Number.POSITIVE_INFINITY) this.value += amount
  }
}

/** One series of a histogram. */
export class HistogramSeries {
  private readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  /** @param value what is no finite number >= 0 is left out */
  observe(value: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return
    let bucket = 0
    while (bucket < this.bounds.length && value > this.bounds[bucket]) bucket++
    this.counts[bucket]++
    this.sum += value
  }
}

export class Counter<L extends string = never> implements Instrument {
  readonly name: string
  private readonly help: string
  private readonly series: SeriesMap<L, CounterSeries>

  constructor(name: string, help: string, labels: readonly L[]) {
    this.name = name
    this.help = help
    this.series = new SeriesMap(labels, () => new CounterSeries())
  }

  /** @param amount what is no finite number >= 0 is left out */
  add(amount: number, values: LabelValues<L>): void {
    if (amount >= 0 && amount < Number.POSITIVE_INFINITY) this.of(values).add(amount)
  }

  /** For whoever adds to it again and again. It is there from then on. */
  of(values: LabelValues<L>): CounterSeries {
    return this.series.of(values)
  }

  *lines(): Iterable<string> {
    yield* head(this.name, this.help, 'counter')
    for (const [labels, { value }] of this.series) yield `${this.name}${braced(labels)} ${numberText(value)}`
  }
}

export class Histogram<L extends string = never> implements Instrument {
  readonly name: string
  private readonly help: string
  private readonly bounds: readonly number[]
  private readonly series: SeriesMap<L, HistogramSeries>

  /** @param bounds upper ends of the buckets, in rising order; one without an end comes after them */
  constructor(name: string, help: string, bounds: readonly number[], labels: readonly L[]) {
    this.name = name
    this.help = help
    this.bounds = bounds
    this.series = new SeriesMap(labels, () => new HistogramSeries(bounds))
  }

  /** @param value what is no finite number >= 0 is left out */
  observe(value: number, values: LabelValues<L>): void {
    if (value >= 0 && value < Number.POSITIVE_INFINITY) this.of(values).observe(value)
  }

  /** For whoever adds to it again and again. It is there from then on. */
  of(values: LabelValues<L>): HistogramSeries {
    return this.series.of(values)
  }

  *lines(): Iterable<string> {
    yield* head(this.name, this.help, 'histogram')
    for (const [labels, { counts, sum }] of this.series) {
      const comma = labels === '' ? '' : `${labels},`
      let count = 0
      for (let i = 0; i <= this.bounds.length; i++) {
        count += counts[i]
        const end = i < this.bounds.length ? numberText(this.bounds[i]) : '+Inf'
        yield `${this.name}_bucket{${comma}le="${end}"} ${count}`
      }
      yield `${this.name}_sum${braced(labels)} ${numberText(sum)}`
      yield `${this.name}_count${braced(labels)} ${count}`
    }
  }
}

class ReadGauge<L extends string> implements Instrument {
  readonly name: string
  private readonly help: string
  private readonly labels: readonly L[]
  private readonly read: () => Iterable<readonly [LabelValues<L>, number]>
  private readonly type: 'gauge' | 'counter'

  constructor(
    name: string,
    help: string,
    labels: readonly L[],
    read: () => Iterable<readonly [LabelValues<L>, number]>,
    type: 'gauge' | 'counter',
  ) {
    this.name = name
    this.help = help
    this.labels = labels
    this.read = read
    this.type = type
  }

  *lines(): Iterable<string> {
    yield* head(this.name, this.help, this.type)
    for (const [values, value] of this.read())
      yield `${this.name}${braced(labelText(this.labels, values))} ${numberText(value)}`
  }
}

function head(name: string, help: string, type: string): string[] {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return [`# HELP ${name} ${text}`, `# TYPE ${name} ${type}`]
}

function labelText<L extends string>(labels: readonly L[], values: LabelValues<L>): string {
  return labels.map((label) => `${label}="${escaped(values[label])}"`).join(',')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
