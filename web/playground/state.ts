import { computed, signal } from '@preact/signals'
import type { Preview } from '../../src/policy/decision.js'
import type { Host } from './host.js'
import type { Source, Started, Tell } from './messages.js'
import { type ModelSetting, type Setting, writeSetting } from './play/setting.js'
import type { View } from './play/view.js'

/** What the page knows. Everything that is shown hangs on these. */
export const started = signal<Started | null>(null)
export const view = signal<View | null>(null)
/** What a person has set; the worker follows. */
export const setting = signal<Setting | null>(null)
export const isPlaying = signal(false)
export const measuredPerSecond = signal(0)
export const problem = signal<string | null>(null)
export const explained = signal<{ readonly prompt: string; readonly preview: Preview } | null>(null)
/** A file that is being read. */
export const reading = signal<File | null>(null)
/** What a reader without the picture is told; what is said again is told again. */
export const said = signal<{ readonly text: string; readonly turn: number }>({ text: '', turn: 0 })
export const models = computed(() => setting.value?.models ?? [])

/** Least pause between two pictures where less motion is asked for, ms. */
const CALM_PAUSE_MS = 500

/** What the worker was asked to start, and what it has started. */
interface Given {
  readonly link: string
  readonly source: Source
}

let host: Host | null = null
let asked: Given = { link: '', source: 'simulated' }
let running: Given | null = null
/** A view that waits for the next frame. */
let next: Extract<Tell, { type: 'view' }> | null = null

/** @param playsByItself whether it begins to play without being asked */
export function connect(worker: Host, playsByItself: boolean): void {
  host = worker
  isPlaying.value = playsByItself
}

/**
 * Starts from request 0.
 * @param link what stands after the `#` of an address; empty for the usual setting
 * @param source default: what is played
 */
export function start(link: string, source: Source = 'same'): void {
  asked = { link, source }
  problem.value = null
  reading.value = typeof source === 'string' ? null : source
  host?.ask({ type: 'start', link, source })
}

/** Tells those who do not see the page. */
export function say(text: string): void {
  said.value = { text, turn: said.value.turn + 1 }
}

export function hear(message: Tell): void {
  switch (message.type) {
    case 'started':
      running = asked
      if (reading.value !== null) say(`${message.started.name} plays`)
      reading.value = null
      // A picture of what played before says nothing of this.
      next = null
      view.value = null
      started.value = message.started
      setting.value = message.started.setting
      explained.value = null
      host?.ask({ type: 'play', isOn: isPlaying.value })
      return
    case 'view':
      // At most one picture a frame: the worker waits until this one is drawn.
      if (next === null) requestAnimationFrame(draw)
      next = message
      return
    case 'explained':
      explained.value = message
      return
    case 'refused':
      if (message.what === 'set' && view.value !== null) setting.value = view.value.setting
      if (message.what === 'play') isPlaying.value = false
      if (message.what === 'start') reading.value = null
      // What runs goes on. Where nothing runs yet, a link was bad: the usual setting starts.
      if (message.what === 'start' && asked.link !== '') {
        const goesOn = running === null ? 'the usual setting plays' : 'what played goes on'
        if (running === null) start('', 'simulated')
        problem.value = `The link does not work, ${goesOn}: ${message.message}`
      } else problem.value = message.message
  }
}

function draw(): void {
  const message = next
  next = null
  if (message === null) return
  view.value = message.view
  measuredPerSecond.value = message.measuredPerSecond
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
  setTimeout(() => host?.ask({ type: 'drawn' }), isCalm ? CALM_PAUSE_MS : 0)
}

export function play(isOn: boolean): void {
  isPlaying.value = isOn
  host?.ask({ type: 'play', isOn })
}

/** A page that nobody sees plays nothing. */
export function whileHidden(isHidden: boolean): void {
  if (isPlaying.value) host?.ask({ type: 'play', isOn: !isHidden })
}

export function step(count: number): void {
  host?.ask({ type: 'step', count })
}

export function explain(prompt: string): void {
  host?.ask({ type: 'explain', prompt })
}

/** Changes the setting; the worker and its routers follow. */
export function change(part: Partial<Setting>, what: string): void {
  const { value } = setting
  if (value === null) return
  const changed = { ...value, ...part }
  setting.value = changed
  problem.value = null
  say(what)
  host?.ask({ type: 'set', setting: changed })
}

export function changeModel(id: string, part: Partial<ModelSetting>, what: string): void {
  change({ models: models.value.map((model) => (model.id === id ? { ...model, ...part } : model)) }, what)
}

export function addModel(model: ModelSetting): void {
  change({ models: [...models.value, model] }, `${model.id} is new`)
}

/** From request 0 on, with what is set now. */
export function restart(): void {
  if (setting.value !== null) start(writeSetting(setting.value))
}
