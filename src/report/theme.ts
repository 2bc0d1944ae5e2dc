/** Colours of pages in light and in dark, as variables of CSS: those of the report, the dashboard and the playground. */
export const THEME = `:root { color-scheme: light dark;
  --paper: #fcfbf8; --ink: #1d1f23; --quiet: #5f6470; --rule: #dedbd2; --band: #f1eee6; --card: #ffffff; --policy: #1d1f23; --warn: #b3400f;
  --b0: #440f54; --b1: #46327e; --b2: #365c8d; --b3: #277f8e; --b4: #1a8f6f; --b5: #4f9a2b; --b6: #9a7d0a }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14161a; --ink: #e9e7e2; --quiet: #a0a4ad; --rule: #32353c; --band: #1d2026; --card: #191c21; --policy: #f4f1ea; --warn: #ff9d66;
  --b0: #c59bf0; --b1: #9fa4f5; --b2: #74b3ee; --b3: #55c6cf; --b4: #52cfa0; --b5: #9bd45c; --b6: #e6cd4a } }
`
