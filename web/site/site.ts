import MiniSearch from 'minisearch'

const SHOWN_MAX = 12
const QUERY_MAX = 200
/** Narrower than this the list of pages begins closed: the text comes first. */
const WIDE = '(min-width: 900px)'

interface Found {
  readonly address: string
  readonly title: string
  readonly heading: string
}

const root = document.body.dataset.root ?? '.'
let index: Promise<MiniSearch> | null = null

/** The index comes when somebody searches, as a script: pages may not fetch anything. */
function loadIndex(): Promise<MiniSearch> {
  index ??= new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.onload = () =>
      resolve(
        MiniSearch.loadJSON(searchIndex, {
          fields: ['heading', 'title', 'text'],
          storeFields: ['heading', 'title', 'address'],
        }),
      )
    script.onerror = () => {
      index = null
      reject(new Error('the index of the search could not be loaded'))
    }
    script.src = `${root}/search-index.js`
    document.head.append(script)
  })
  return index
}

async function show(input: HTMLInputElement, place: HTMLElement): Promise<void> {
  const query = input.value.trim().slice(0, QUERY_MAX)
  if (query === '') return place.replaceChildren()
  const loaded = await loadIndex().catch(() => null)
  if (loaded === null) return place.replaceChildren('The search could not be loaded. Try again.')
  const options = { prefix: true, fuzzy: 0.15, combineWith: 'AND', boost: { heading: 4, title: 2 } } as const
  const found = loaded.search(query, options) as unknown as Found[]
  if (query !== input.value.trim().slice(0, QUERY_MAX)) return
  const count = document.createElement('p')
  count.textContent = found.length === 0 ? `Nothing about “${query}”` : `${found.length} places`
  const list = document.createElement('ul')
  list.append(...found.slice(0, SHOWN_MAX).map(entryOf))
  place.replaceChildren(count, list)
}

function entryOf({ address, title, heading }: Found): HTMLLIElement {
  const link = document.createElement('a')
  link.href = `${root}/${address}`
  link.textContent = heading
  const where = document.createElement('small')
  where.textContent = heading === title ? '' : title
  const entry = document.createElement('li')
  entry.append(link, ' ', where)
  return entry
}

function begin(): void {
  const input = document.querySelector<HTMLInputElement>('#search')
  const place = document.querySelector<HTMLElement>('#found')
  if (input === null || place === null) return
  const close = (): void => place.replaceChildren()
  input.closest('search')?.removeAttribute('hidden')
  input.addEventListener('focus', () => void loadIndex().catch(() => {}), { once: true })
  input.addEventListener('input', () => void show(input, place))
  place.addEventListener('click', close)
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      input.value = ''
      close()
    }
    const isTyping =
      event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey
    if (event.key !== '/' || isTyping) return
    event.preventDefault()
    input.focus()
  })
  const pages = document.querySelector<HTMLDetailsElement>('nav details')
  if (pages !== null) pages.open = matchMedia(WIDE).matches
}

begin()
