import { useState } from 'preact/hooks'
import { writeSetting } from '../play/setting.js'
import { said, setting, started } from '../state.js'

/** A link that starts with what is set now. */
export function Share() {
  /** The setting that the link was made of: once another is set it says something else. */
  const [made, setMade] = useState<{ readonly link: string; readonly of: unknown } | null>(null)
  const link = made !== null && made.of === setting.value ? made.link : ''
  const make = (): void => {
    if (setting.value === null) return
    const address = new URL(location.href)
    address.hash = writeSetting(setting.value)
    history.replaceState(null, '', address)
    setMade({ link: address.href, of: setting.value })
    navigator.clipboard?.writeText(address.href).then(
      () => {
        said.value = 'The link is copied'
      },
      () => {
        said.value = 'The link is below'
      },
    )
  }
  return (
    <section aria-label="Share">
      <h2>Share this setting</h2>
      <div class="buttons">
        <button type="button" id="share" onClick={make}>
          Make a link
        </button>
        <input
          id="link"
          readOnly
          aria-label="Link to this setting"
          value={link}
          onFocus={(event) => event.currentTarget.select()}
        />
      </div>
      <p class="quiet">
        It has models, prices, budget and speed, and begins with request 0.
        {started.value?.simulated === false
          ? ' It does not have your file: who opens the link has to open the file too.'
          : ''}
      </p>
    </section>
  )
}
