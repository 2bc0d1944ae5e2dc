import { render } from 'preact'
import { startWorker } from './host.js'
import { Page } from './parts/page.js'
import { connect, hear, start, whileHidden } from './state.js'

const wantsCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
connect(startWorker(hear), !wantsCalm)
start(location.hash.slice(1), 'simulated')
addEventListener('hashchange', () => start(location.hash.slice(1)))
document.addEventListener('visibilitychange', () => whileHidden(document.hidden))

const host = document.getElementById('page')
if (host !== null) {
  host.textContent = ''
  render(<Page />, host)
}
