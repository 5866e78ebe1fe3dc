import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type DiskBackendOptions, diskBackend } from '../../src/backends/disk/index.ts'
import { mountMemory, unmount } from '../peers/memory-disk.ts'
import { bytes, pattern } from './backend-conformance/fixture.ts'
import { operation, Pair } from './backend-conformance/pair.ts'
import { backendConformance, type ConformanceOptions, type Made } from './backend-conformance.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'smbkit-disk-'))

async function make(options: DiskBackendOptions = {}): Promise<Made> {
  const root = folder()
  return {
    backend: diskBackend(root, options),
    dispose: async () => rmSync(root, { recursive: true, force: true }),
  }
}

/** A disk of its own of 8 MiB: only the superuser of Linux can have one. */
async function makeSmall(): Promise<Made> {
  const root = folder()
  assert.ok(mountMemory(root, 'size=8m'))
  return {
    backend: diskBackend(root),
    dispose: async () => {
      unmount(root)
      rmSync(root, { recursive: true, force: true })
    },
  }
}

async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    const made = await makeSmall()
    await made.backend.close()
    await made.dispose()
    return true
  } catch {
    return false
  }
}

/** What node:fs cannot do on any system. */
const byNodeAlone: ConformanceOptions = {
  skip: {
    'a file begins with the room it is given': 'node:fs has no call that reserves room',
    'allocation reserves room and moves no end of file': 'node:fs has no call that reserves room',
    'times are exact to 100 ns': 'node:fs sets times of doubles of seconds',
    'times far from today': 'node:fs sets times of doubles of seconds',
    'setting one time leaves the others': 'node:fs sets the times of access and writing together, as doubles',
    'nothing is made in a removed directory': 'node:fs has no handles of directories',
  },
}

backendConformance('disk', () => make(), (await canMount()) ? { makeSmall } : {})

backendConformance('disk by node:fs alone', () => make({ calls: 'portable' }), byNodeAlone)

const files = { 'Docs/Read Me.txt': bytes('hello'), 'Docs/Bilder/Ä.bin': pattern(100_000), 'empty.txt': bytes('') }

async function makeReadOnly(): Promise<Made> {
  const root = folder()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return {
    backend: diskBackend(root, { readOnly: true }),
    dispose: async () => rmSync(root, { recursive: true, force: true }),
  }
}

backendConformance('read-only disk', makeReadOnly, { holds: files })

test('after any sequence of calls the disk backend agrees with the model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 20, maxLength: 60, size: 'max' }), async (operations) => {
      const made = await make()
      const pair = new Pair(made.backend)
      try {
        for (const one of operations) await pair.run(one)
        await pair.finish()
      } finally {
        await made.backend.close()
        await made.dispose()
      }
    }),
    { numRuns: 60 },
  )
})
