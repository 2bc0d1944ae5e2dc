/** Why a row of a log cannot be used, in the order of reports. */
export const REASONS = {
  'bad-json': 'no JSON object',
  'bad-csv':
    'a line of CSV with another number of columns than the header, or with quotes within that are not doubled',
  'too-long': 'longer than a row may be',
  'unknown-format': 'of no known format',
  'request-alone': 'a request without an answer; files of requests go to --requests',
  'not-a-generation': 'no call of a model',
  embeddings: 'a call for embeddings',
  'other-call': 'a call for something else than a text: an image, speech, a ranking',
  failed: 'a failed call',
  'cache-hit': 'answered from a cache, by no model',
  duplicate: 'an id of a row that is used',
  'no-model': 'no model',
  'unknown-model': 'a model that is not among the given ones',
  'no-prompt': 'no text of a prompt',
  'no-usage': 'neither a cost nor tokens',
  'stream-without-usage': 'a stream with neither a cost nor tokens',
  'bad-tokens':
    'a count of tokens that is negative, a text, no whole number or more than all of its side, and no cost',
  'half-tokens': 'tokens without a count of the input or of the output, as a total alone, and no cost',
  'no-price': 'tokens, but no cost, and no price of the model',
  'bad-cost': 'a cost that is no amount of dollars',
  'bad-propensity': 'a propensity that is no number in (0, 1]',
  'no-reward': 'no reward',
  'reward-not-a-number': 'a reward that is no number and no known word',
  'reward-out-of-range': 'a reward out of its range',
  'same-prompt-again': 'the same prompt on the same model again',
  'too-many-prompts': 'more prompts that wait for other models than are kept',
  'not-every-model': 'a prompt that not every model was asked',
} as const

export type LeftOutReason = keyof typeof REASONS

export const REASON_NAMES = Object.keys(REASONS) as readonly LeftOutReason[]
