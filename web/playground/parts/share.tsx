import { useState } from 'preact/hooks'
import { writeSetting } from '../play/setting.js'
import { say, setting, started } from '../state.js'
import { Fold } from './fold.js'
import { More } from './more.js'

interface Made {
  readonly link: string
  /** The setting that it was made of: once another is set the link says something else. */
  readonly of: unknown
  readonly isCopied: boolean
}

/** A link that starts with what is set now. */
export function Share() {
  const [latest, setLatest] = useState<Made | null>(null)
  const made = latest !== null && latest.of === setting.value ? latest : null
  const make = async (): Promise<void> => {
    if (setting.value === null) return
    const of = setting.value
    const address = new URL(location.href)
    address.hash = writeSetting(of)
    history.replaceState(null, '', address)
    const isCopied = await copied(address.href)
    setLatest({ link: address.href, of, isCopied })
    say(isCopied ? 'The link is copied' : 'The link is beside the button')
  }
  return (
    <Fold id="share-setting" title="Share this setting">
      <div class="buttons">
        <button type="button" id="share" onClick={() => void make()}>
          Make a link
        </button>
        <input
          id="link"
          readOnly
          aria-label="Link to this setting"
          value={made?.link ?? ''}
          onFocus={(event) => event.currentTarget.select()}
        />
      </div>
      <p class="quiet">
        {made === null ? '' : <b id="made">{made.isCopied ? 'Copied. ' : 'Copy it from here. '}</b>}
        It has models, prices, budget and speed, and begins with request 0.
        {started.value?.simulated === false
          ? ' It does not have your file: who opens the link has to open the file too.'
          : ''}{' '}
        <More about={['link']} />
      </p>
    </Fold>
  )
}

/** Puts a text on the clipboard, where the browser lets the page. */
async function copied(text: string): Promise<boolean> {
  try {
    // Pages that were opened as files, or without encryption, have no clipboard.
    if (navigator.clipboard === undefined) return false
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
