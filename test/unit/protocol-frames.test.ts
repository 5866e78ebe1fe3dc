import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FrameLoan } from '../../src/client/call.ts'
import { BufferPool } from '../../src/protocol/buffer-pool.ts'
import { FrameAssembler } from '../../src/protocol/frame-assembler.ts'

const KIB = 1024

/** A message of `length` bytes that are all `value`, as the transport carries it. */
function framed(length: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4 + length).fill(value)
  new DataView(bytes.buffer).setUint32(0, length)
  return bytes
}

/** As a socket does that reads in place. */
function receive(assembler: FrameAssembler, bytes: Uint8Array): number[] {
  const read: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = assembler.space()
    const count = Math.min(space.length, bytes.length - at)
    space.set(bytes.subarray(at, at + count))
    assembler.filled(count)
    read.push(count)
    at += count
  }
  return read
}

suite('frames', () => {
  for (const length of [100, 40 * KIB, 900 * KIB])
    test(`one of ${length} bytes that somebody keeps stays as it is until it is given back`, async () => {
      const kept: { frame: Uint8Array; give: () => void }[] = []
      const assembler = new FrameAssembler(1024 * KIB, new BufferPool(4096 * KIB), (frame) => {
        const loan = new FrameLoan()
        if (kept.length < 2) kept.push({ frame, give: loan.take() })
        return loan.over
      })
      for (let value = 1; value <= 5; value++) receive(assembler, framed(length, value))
      for (const [index, { frame, give }] of kept.entries()) {
        assert.equal(frame.length, length)
        assert.ok(frame.every((byte) => byte === index + 1))
        give()
      }
      await Promise.resolve()
      for (let value = 6; value <= 9; value++) receive(assembler, framed(length, value))
    })

  test('one that two have is used again after both have given it back', async () => {
    const pool = new BufferPool(4096 * KIB)
    const gives: (() => void)[] = []
    let first: Uint8Array | undefined
    const assembler = new FrameAssembler(1024 * KIB, pool, (frame) => {
      const loan = new FrameLoan()
      first ??= frame
      if (gives.length === 0) gives.push(loan.take(), loan.take())
      return loan.over
    })
    receive(assembler, framed(900 * KIB, 1))
    const isSame = async (): Promise<boolean> => {
      await new Promise((resolve) => setImmediate(resolve))
      const next = pool.take(900 * KIB)
      const same = next.buffer === first?.buffer
      if (!same) return false
      pool.give(next)
      return true
    }
    gives[0]?.()
    assert.equal(await isSame(), false)
    gives[1]?.()
    assert.equal(await isSame(), true)
  })

  test('of large messages that follow each other little is read to where it does not stay', () => {
    let seen = 0
    const assembler = new FrameAssembler(1024 * KIB, new BufferPool(4096 * KIB), () => void seen++)
    const one = framed(900 * KIB, 1)
    const reads = receive(assembler, Buffer.concat([one, one, one]))
    assert.equal(seen, 3)
    // The first one could have been many small ones.
    assert.deepEqual(reads, [256 * KIB, 644 * KIB + 4, 4 * KIB, 896 * KIB + 4, 4 * KIB, 896 * KIB + 4])
  })
})
