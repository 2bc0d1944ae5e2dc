import type { Preview } from '../../src/policy/decision.js'
import type { Setting } from './play/setting.js'
import type { View } from './play/view.js'

/** Where outcomes come from: what plays now, or a file that a person has opened. It goes to the worker and nowhere else. */
export type Source = 'simulated' | 'same' | File

/** What the page asks of the worker. */
export type Ask =
  /** @param link what stands after the `#` of the address; empty for the usual setting */
  | { readonly type: 'start'; readonly link: string; readonly source: Source }
  | { readonly type: 'set'; readonly setting: Setting }
  | { readonly type: 'play'; readonly isOn: boolean }
  | { readonly type: 'step'; readonly count: number }
  | { readonly type: 'explain'; readonly prompt: string }
  /** The latest view is on the screen: another one may be sent. */
  | { readonly type: 'drawn' }

/** What is played, once it is there. */
export interface Started {
  readonly name: string
  readonly simulated: boolean
  readonly takesPrompts: boolean
  readonly prompts: number
  /** Prompts of the file that lack an outcome of some model. */
  readonly leftOut: number
  readonly kernel: string
  /** Recorded models with their means, in the order of the data. */
  readonly bases: readonly Base[]
  /** What it has started with. */
  readonly setting: Setting
  /** What is played when nobody has set anything. */
  readonly usual: Setting
}

export interface Base {
  readonly id: string
  readonly inputUsdPerMTok: number
  readonly outputUsdPerMTok: number
  readonly meanReward: number
  readonly meanCostUsd: number
}

/** What the worker tells the page. */
export type Tell =
  | { readonly type: 'started'; readonly started: Started }
  | { readonly type: 'view'; readonly view: View; readonly measuredPerSecond: number }
  | { readonly type: 'explained'; readonly prompt: string; readonly preview: Preview }
  /** Something was wrong with what was asked: nothing has changed. */
  | { readonly type: 'refused'; readonly what: Ask['type']; readonly message: string }
