/** Those that are fitted to the train part and keep a budget; `trained-baselines.ts` says what each is. */
export const TRAINED_BASELINES = ['trained-mix', 'linear', 'bound', 'threshold'] as const
export type TrainedBaseline = (typeof TRAINED_BASELINES)[number]

/** Baselines that are no policies. They stand apart from the list of policies, which brings the engine: a page draws plots without it. */
export const PLAIN_BASELINES = [
  ...(['fixed', 'mix', 'random', 'linucb', 'forgetting', 'oracle'] as const),
  ...TRAINED_BASELINES,
] as const
