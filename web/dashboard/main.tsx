import { render } from 'preact'
import { App } from './app.js'
import { followWhileSeen } from './live.js'
import './style.css'

const place = document.getElementById('app')
if (place !== null) {
  place.replaceChildren()
  render(<App />, place)
  followWhileSeen()
}
