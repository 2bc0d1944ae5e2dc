import { expect, it } from 'vitest'
import { createRouter } from '../../src/index.js'
import { expectRejection } from '../support/errors.js'

it.runIf(process.env.VITEST_MODE !== 'WATCH')(
  'modules of the source and of the tests are Node’s own',
  async () => {
    const { stack = '' } = await expectRejection(createRouter({ alpha: -1 }), 'INVALID_ARGUMENT', 'alpha')
    expect(stack).toMatch(/build\/test-modules\/[0-9a-f]+\/src\//)
    const { stack: ours = '' } = await expectRejection(Promise.resolve(), 'INVALID_ARGUMENT').catch(
      (error) => error,
    )
    expect(ours).toMatch(/build\/test-modules\/[0-9a-f]+\/test\/support\/errors\.js/)
  },
)
