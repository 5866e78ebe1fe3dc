import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { ok } from './backend-conformance/fixture.ts'
import { operation, Pair } from './backend-conformance/pair.ts'

test('after any sequence of calls the memory backend agrees with the model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 30, maxLength: 80, size: 'max' }), async (operations) => {
      const pair = new Pair(memoryBackend())
      for (const one of operations) await pair.run(one)
      const allocated = await pair.finish()
      const { totalBytes, freeBytes } = await ok(pair.backend.volume())
      assert.equal(totalBytes - freeBytes, allocated, 'all room that is taken belongs to something that is there')
    }),
    { numRuns: 200 },
  )
})
