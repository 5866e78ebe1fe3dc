/**
 * Cuts what DFS control codes carry out of captures and writes it as vectors: `node test/vectors/dfsc-cut.ts FOLDER`.
 * Run by hand: its result is committed, so that the tests need no captures.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { GetDfsReferralRequest, GetDfsReferralResponse } from '../../src/wire/dfsc/index.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'
import { Command, FsctlCode, HeaderFlags, IoctlRequest, IoctlResponse, Smb2Header } from '../../src/wire/smb2/index.ts'
import { framesOf, messagesOf } from './smb2-capture.ts'
import { jsonOf } from './smb2-value.ts'

interface Found {
  readonly name: string
  readonly bytes: Uint8Array
  readonly value: unknown
}

function read(message: Uint8Array): Found | undefined {
  const view = viewOf(message)
  const { command, flags, status } = Smb2Header.decode(view)
  if (command !== Command.IOCTL || status !== NtStatus.SUCCESS) return undefined
  if ((flags & HeaderFlags.SERVER_TO_REDIR) === 0) {
    const { ctlCode, input } = IoctlRequest.decode(view, 64, message.length, 0)
    if (ctlCode !== FsctlCode.DFS_GET_REFERRALS) return undefined
    const value = GetDfsReferralRequest.decode(viewOf(input))
    return { name: `request for ${JSON.stringify(value.requestFileName)}`, bytes: input, value }
  }
  const { ctlCode, output } = IoctlResponse.decode(view, 64, message.length, 0)
  if (ctlCode !== FsctlCode.DFS_GET_REFERRALS) return undefined
  const value = GetDfsReferralResponse.decode(viewOf(output))
  const [first] = value.referrals
  const path = first !== undefined && 'dfsPath' in first ? first.dfsPath : ''
  return { name: `response for ${JSON.stringify(path)}`, bytes: output, value }
}

function cut(folder: string): void {
  const found = new Map<string, Found & { readonly source: string }>()
  for (const capture of readdirSync(folder).filter((name) => /^local-dfs-.*\.pcap$/.test(name)))
    for (const frame of framesOf(join(folder, capture)))
      for (const message of messagesOf(frame)) {
        const vector = read(message)
        if (vector !== undefined && !found.has(vector.name)) found.set(vector.name, { ...vector, source: capture })
      }
  const lines = [...found.values()].map(({ name, source, bytes, value }) =>
    JSON.stringify({ name, source: basename(source), hex: hex(bytes), value: jsonOf(value as object) }),
  )
  writeFileSync(join(import.meta.dirname, 'dfsc.json'), `[\n${lines.join(',\n')}\n]\n`)
  process.stdout.write(`${lines.length} vectors\n`)
}

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: node test/vectors/dfsc-cut.ts FOLDER')
cut(folder)
