/** Pages of the docs that stand beside the playground, by what they explain. */
const PAGES = {
  budget: ['how a budget is kept', 'docs/PACING.html'],
  speed: ['how fast it is', 'docs/PERFORMANCE.html'],
  drift: ['how it notices', 'docs/PACING.html#drift-srcbanditdriftts'],
  price: ['a price drop, measured', 'docs/RESULTS.html#a-price-drop'],
  newcomer: ['a newcomer, measured', 'docs/RESULTS.html#a-newcomer'],
  shadowPrice: [
    'where the shadow price comes from',
    'docs/PACING.html#the-shadow-price-srcpolicydollardemanddemand-curvets',
  ],
  results: ['on real prompts', 'docs/RESULTS.html'],
  paper: ['the published method', 'docs/MATH.html'],
  models: ['models and prices', 'docs/USAGE.html#models'],
  prompt: ['how prompts become numbers', 'docs/FEATURES.html'],
  ownData: ['the format', 'docs/PLAYGROUND.html#data-of-your-own'],
  ownLog: ['a log that you have', 'docs/IMPORT.html'],
  link: ['what a link carries', 'docs/PLAYGROUND.html#what-is-simulated'],
} as const

/** Links to what explains a part of the page. */
export function More({ about }: { readonly about: readonly (keyof typeof PAGES)[] }) {
  return (
    <span class="more">
      {about.map((each, i) => {
        const [text, page] = PAGES[each]
        return (
          <span key={each}>
            {i === 0 ? 'More: ' : ', '}
            <a href={`../${page}`}>{text}</a>
          </span>
        )
      })}
    </span>
  )
}
