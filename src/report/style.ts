import { THEME } from './theme.js'

/** What the marks of a chart look like. */
export const MARKS = `svg text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: var(--ink) }
svg .tick, svg .axis { fill: var(--quiet); font-size: 11.5px }
svg .panel { font-weight: 600; fill: var(--ink) }
svg .phase { fill: var(--quiet); font-size: 11.5px; font-style: italic }
svg .grid { stroke: var(--rule); stroke-width: 1 } svg .axis-tick { stroke: var(--quiet) }
svg .band { fill: var(--band) } svg .phase-line { stroke: var(--rule); fill: none }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round } svg .line.faint { stroke-width: 1; opacity: .45 }
svg .level { stroke-width: 1.2; stroke-dasharray: 5 4; opacity: .85 }
svg .event { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 3 3; fill: none } svg .beside-line { fill: none; stroke: var(--quiet); stroke-width: 1.4 } svg .beside { fill: var(--paper); stroke: var(--quiet); stroke-width: 1.4 }
svg .end { font-weight: 600; font-size: 11.5px }
svg .mix-line { fill: none; stroke: var(--quiet); stroke-width: 1.4; stroke-dasharray: 2 4; stroke-linecap: round }
svg .policy-line { fill: none; stroke: var(--policy); stroke-width: 1.8 }
svg .policy circle { fill: var(--policy); stroke: var(--paper); stroke-width: 1.5 } svg .policy line { stroke: var(--policy); stroke-width: 1.8 }
svg .fixed { stroke: var(--paper); stroke-width: 1 } svg .baseline { fill: var(--paper); stroke: var(--quiet); stroke-width: 1.6 }
svg .leader { stroke: var(--quiet); stroke-width: 1; fill: none }
svg .name { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round } svg .name.quiet { fill: var(--quiet); font-weight: 400 }
svg .in-bar { fill: #14161a; font-size: 11.5px; font-weight: 600 }`

/** The page's style sheet: light and dark, one column on phones, two from 1000 px. */
export const STYLE = `
${THEME}* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1128px; padding: 40px 32px 72px; background: var(--paper); color: var(--ink);
  font: .9375rem/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; font-variant-numeric: tabular-nums }
h1, h2 { font-family: Charter, 'Bitstream Charter', 'Iowan Old Style', Georgia, serif; font-weight: 600; line-height: 1.2; text-wrap: balance }
h1 { font-size: 2.125rem; margin: 0 0 6px; letter-spacing: -.01em }
h2 { font-size: 1.5625rem; margin: 0 0 4px; padding-top: 26px; border-top: 2px solid var(--ink) }
section { margin-top: 52px }
p { max-width: 72ch; margin: 6px 0 } h1, p, .facts dt, .legend span { overflow-wrap: anywhere }
.sub, .lead, figcaption, small, .facts dt { color: var(--quiet) }
.lead b { color: var(--ink) }
.verdict { font-size: 1.125rem; line-height: 1.45; margin: 12px 0 4px; max-width: 66ch }
nav { margin: 16px 0 0 } nav a { color: inherit; margin-right: 18px; text-underline-offset: 3px; display: inline-block }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px 24px; margin: 22px 0 0; padding: 14px 0; border-top: 1px solid var(--rule) }
.facts + .facts { margin: 0 0 18px; border-bottom: 1px solid var(--rule) } .facts dt i { width: 10px; height: 10px; border-radius: 2px; display: inline-block; margin-right: 6px }
.facts div { min-width: 0 } .facts dt { font-size: .78125rem } .facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere }
.grid { display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px 24px }
@media (min-width: 1000px) { .grid { grid-template-columns: repeat(2, minmax(0, 1fr)) } }
h3 { font-size: .8125rem; margin: 6px 0 2px }
.thirds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 310px), 1fr)); gap: 10px 20px }
figure { margin: 22px 0 0; min-width: 0 }
figcaption { font-size: .8125rem; margin-bottom: 8px } figcaption b { color: var(--ink); font-size: .9375rem; display: block }
svg { display: block; max-width: 100%; height: auto; overflow: visible }
.only-m, .only-l, .from-m { display: none }
@media (min-width: 560px) { .only-s { display: none } .only-m, .from-m { display: block } }
@media (min-width: 1000px) { .only-m { display: none } .only-l { display: block } }
${MARKS}
.legend { display: inline-flex; flex-wrap: wrap; gap: 2px 16px } .legend span { display: inline-flex; align-items: center; gap: 6px }
.legend i { width: 11px; height: 11px; border-radius: 2px; display: inline-block }
details { margin-top: 22px } summary { cursor: pointer; font-weight: 600; padding: 4px 0 }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .84375rem }
th { text-align: left; font-weight: 500; color: var(--quiet); font-size: .78125rem; white-space: nowrap }
th, td { padding: 5px 18px 5px 0; border-bottom: 1px solid var(--rule) } td { white-space: nowrap } td:last-child { width: 34%; min-width: 120px; padding-right: 0 }
.names td:first-child { white-space: normal; overflow-wrap: anywhere; width: 34%; min-width: 132px } .names td:last-child { width: auto; min-width: 0 }
.targets td:last-child { white-space: normal } .cell { white-space: nowrap; margin-right: 14px; display: inline-block }
td em { color: var(--warn); font-style: normal; font-weight: 600 }
.bar { display: flex; height: 12px; border-radius: 3px; overflow: hidden; background: var(--band) } .bar i { display: block }
footer { margin-top: 56px; padding-top: 14px; border-top: 1px solid var(--rule); color: var(--quiet); font-size: .8125rem }
@media (max-width: 999px) { th, td { padding-right: 12px } td:last-child { width: auto } td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 9ch } .names td:first-child { width: auto } .targets td, .targets th { white-space: normal } .targets td:first-child { min-width: 132px } .targets td:last-child { min-width: 0 } .targets .cell { white-space: normal } }
@media (max-width: 560px) { body { padding: 24px 20px 48px } h1 { font-size: 1.6875rem } h2 { font-size: 1.375rem } }
@media print { body { padding: 0 } i, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact } figure, tr { break-inside: avoid } h2, figcaption, summary { break-after: avoid } .scroll { overflow: visible } th, td { white-space: normal } }
`
