import type { PolicyKnobs } from './strategy.js'

/** What `tune` tries for each knob; undefined is the policy's default. Evenly spread on the scale that matters to each. */
export const KNOB_VALUES: { readonly [K in keyof Required<PolicyKnobs>]: readonly (number | undefined)[] } = {
  alpha: [undefined, 0.002, 0.03, 0.1],
  gamma: [undefined, 0.99, 0.999, 1],
  nEffective: [undefined, 100, 1000, 10_000],
}

/** Every combination, the policy's defaults first. */
export function knobGrid(): PolicyKnobs[] {
  return KNOB_VALUES.alpha.flatMap((alpha) =>
    KNOB_VALUES.gamma.flatMap((gamma) =>
      KNOB_VALUES.nEffective.map((nEffective) => ({
        ...(alpha === undefined ? {} : { alpha }),
        ...(gamma === undefined ? {} : { gamma }),
        ...(nEffective === undefined ? {} : { nEffective }),
      })),
    ),
  )
}
