/** SMB messages out of a capture, by way of tshark's reassembly of TCP streams. */
import { spawnSync } from 'node:child_process'
import { fromHex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'

const PROTOCOL_IDS = new Set([0x424d_53fe, 0x424d_53fd, 0x424d_53fc])
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024

/** Runs tshark; throws where it fails. */
export function tshark(args: readonly string[], timeoutMs = 60_000): string {
  const { status, stdout, stderr, error } = spawnSync('tshark', args, {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: timeoutMs,
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`tshark ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** What each session packet of a capture holds, in the order of each stream's direction. */
export function framesOf(capture: string): Uint8Array[] {
  const streams = new Set(tshark(['-r', capture, '-T', 'fields', '-e', 'tcp.stream']).split(/\s+/).filter(Boolean))
  if (streams.size === 0) return []
  const follow = [...streams].flatMap((stream) => ['-z', `follow,tcp,raw,${stream}`])
  const frames: Uint8Array[] = []
  for (const section of tshark(['-r', capture, '-q', ...follow]).split(/^={10,}$/m)) {
    const directions: [string, string] = ['', '']
    for (const line of section.split('\n'))
      if (/^\t?[0-9a-f]+$/.test(line)) directions[line.startsWith('\t') ? 1 : 0] += line.trim()
    for (const hex of directions) frames.push(...sessionPackets(fromHex(hex)))
  }
  return frames
}

function* sessionPackets(bytes: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(bytes)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at, false)
    // A capture that starts in the middle, or a gap, leaves no way to find the next packet but to look for one.
    if (length > 0xff_ffff || at + 4 + length > bytes.length || !PROTOCOL_IDS.has(view.getUint32(at + 4, true))) {
      at++
      continue
    }
    yield bytes.slice(at + 4, at + 4 + length)
    at += 4 + length
  }
}

/** The messages of a chain, apart. What is not SMB2 in the clear has none. */
export function* messagesOf(frame: Uint8Array): Generator<Uint8Array> {
  const view = viewOf(frame)
  if (view.getUint32(0, true) !== 0x424d_53fe) return
  for (let at = 0; at + 64 <= frame.length; ) {
    if (view.getUint16(at + 4, true) !== 64) return
    const next = view.getUint32(at + 20, true)
    yield frame.slice(at, next === 0 ? frame.length : at + next)
    if (next === 0) return
    at += next
  }
}
