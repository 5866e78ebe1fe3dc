/** Each capture is told to be ill by the rules that it is there for, and by no others. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Diagnosis } from '../../src/trace/diagnose.ts'
import { analyze } from '../../src/trace/index.ts'
import { readCapture } from '../../src/trace/node/index.ts'
import { diagnoses } from '../captures/diagnoses.ts'

const own = join(import.meta.dirname, '../captures')
const others = process.env['SMBKIT_CAPTURES']

for (const [name, expected] of Object.entries(diagnoses)) {
  const path = [own, ...(others === undefined ? [] : [others])].map((folder) => join(folder, name)).find(existsSync)
  test(name, { skip: path === undefined && 'SMBKIT_CAPTURES names no folder that has it' }, async () => {
    const diagnosis = new Diagnosis()
    await analyze(readCapture(path ?? ''), [diagnosis])
    const findings = diagnosis.findings()
    const ill = findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule)
    assert.deepEqual([...new Set(ill)].toSorted(), expected)
    for (const { title, cause, advice, frames, rule } of findings) {
      assert.ok(frames.length > 0, `${rule} has no evidence`)
      assert.ok(frames.length <= 20 && advice.length > 0, rule)
      assert.doesNotMatch(`${title} ${cause} ${JSON.stringify(advice)}`, /undefined|NaN|\[object/, rule)
    }
  })
}
