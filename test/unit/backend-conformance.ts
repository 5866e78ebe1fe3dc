import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Backend } from '../../src/server/backend.ts'
import { contentTests } from './backend-conformance/content.ts'
import { extendedAttributeTests, securityDescriptorTests } from './backend-conformance/extras.ts'
import { type ConformanceTest, Fixture, Lacking } from './backend-conformance/fixture.ts'
import { keptTests } from './backend-conformance/kept.ts'
import { metadataTests } from './backend-conformance/metadata.ts'
import { nameTests } from './backend-conformance/names.ts'
import { openTests } from './backend-conformance/open.ts'
import { type Holdings, readOnlyTests } from './backend-conformance/read-only.ts'
import { linkTests, removeTests } from './backend-conformance/remove.ts'
import { renameTests } from './backend-conformance/rename.ts'
import { streamTests } from './backend-conformance/streams.ts'
import { treeTests } from './backend-conformance/tree.ts'
import { fullTests, volumeTests } from './backend-conformance/volume.ts'

/** An empty backend (or one that holds `holds`), and what cleans up after it. */
export interface Made {
  readonly backend: Backend
  dispose(): Promise<void>
}

export interface ConformanceOptions {
  /** Names of tests that this backend cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>
  /** Makes one with room for a few MiB at most; without it the tests of a full disk are skipped. */
  readonly makeSmall?: () => Promise<Made>
  /** For a read-only backend, whose tests are others: the files that are in it. */
  readonly holds?: Holdings
}

/** The tests of a backend that can be written to. */
export const conformanceTests: readonly ConformanceTest[] = [
  ...openTests,
  ...nameTests,
  ...contentTests,
  ...metadataTests,
  ...extendedAttributeTests,
  ...securityDescriptorTests,
  ...streamTests,
  ...treeTests,
  ...renameTests,
  ...linkTests,
  ...removeTests,
  ...keptTests,
  ...volumeTests,
]

/** Runs one test over a new backend. Gives the reason when the backend lacks what the test needs. */
export async function runConformanceTest(one: ConformanceTest, make: () => Promise<Made>): Promise<string | undefined> {
  const made = await make()
  const { backend } = made
  const fixture = new Fixture(backend)
  try {
    const lacking = (one.needs ?? []).filter((feature) => !backend.features[feature])
    if (lacking.length > 0) return `the backend has no ${lacking.join(', ')}`
    await one.run(fixture)
    return undefined
  } catch (error) {
    if (error instanceof Lacking) return `the backend has no ${error.message}`
    throw error
  } finally {
    await fixture.end()
    await backend.close()
    await made.dispose()
  }
}

/**
 * Registers the tests that every backend must pass (docs/backends.md): each runs over a new backend from `make`.
 * What the backend does not have is skipped by name, with the reason.
 */
export function backendConformance(name: string, make: () => Promise<Made>, options: ConformanceOptions = {}): void {
  const { skip = {}, makeSmall, holds } = options
  const tests = holds === undefined ? conformanceTests : readOnlyTests(holds)
  const known = new Set([...tests, ...fullTests].map((one) => one.name))
  for (const skipped of Object.keys(skip)) assert.ok(known.has(skipped), `no test is called "${skipped}"`)

  const register = (one: ConformanceTest, makeOne: (() => Promise<Made>) | undefined): void => {
    const reason = makeOne === undefined ? 'no small volume to fill' : skip[one.name]
    if (makeOne === undefined || reason !== undefined) {
      test(one.name, { skip: reason ?? true }, () => {})
      return
    }
    test(one.name, async (context) => {
      const lacking = await runConformanceTest(one, makeOne)
      if (lacking !== undefined) context.skip(lacking)
    })
  }

  describe(`${name} conforms`, () => {
    for (const one of tests) register(one, make)
    if (holds === undefined) for (const one of fullTests) register(one, makeSmall)
  })
}
