/**
 * Cuts messages out of captures and writes them as vectors: `node test/vectors/smb2-cut.ts FOLDER`. Of each kind of
 * message (command, direction, status, and what it carries) the smallest is taken, and a larger one. Run by hand: its result is
 * committed, so that the tests need no captures.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import {
  Command,
  CreateRequest,
  CreateResponse,
  commandName,
  HeaderFlags,
  Smb2Header,
} from '../../src/wire/smb2/index.ts'
import { framesOf, messagesOf } from './smb2-capture.ts'
import { readMessage } from './smb2-read.ts'
import { jsonOf } from './smb2-value.ts'

/** What makes messages of one command and status different kinds. */
function variant(message: Uint8Array, command: number, response: boolean): string {
  const view = viewOf(message)
  const at = (offset: number, bytes: 1 | 2 | 4): string => {
    if (64 + offset + bytes > message.length) return ''
    const read = { 1: 'getUint8', 2: 'getUint16', 4: 'getUint32' } as const
    return `0x${view[read[bytes]](64 + offset, true).toString(16)}`
  }
  if (command === Command.IOCTL) return at(4, 4)
  if (command === Command.NEGOTIATE) return response ? at(4, 2) : `${at(2, 2)} dialects`
  if (command === Command.OPLOCK_BREAK) return at(0, 2)
  if (command === Command.CREATE && at(0, 2) === '0x59') return contextNames(CreateResponse, view)
  if (response) return ''
  if (command === Command.QUERY_INFO || command === Command.SET_INFO) return `${at(2, 1)}/${at(3, 1)}`
  if (command === Command.QUERY_DIRECTORY) return at(2, 1)
  return command === Command.CREATE ? contextNames(CreateRequest, view) : ''
}

function contextNames(body: typeof CreateRequest | typeof CreateResponse, view: DataView): string {
  const { createContexts } = body.decode(view, 64, view.byteLength, 0)
  const names = createContexts.map(({ name }) =>
    /^[ -~]+$/.test(name) ? name : hex(Uint8Array.from(name, (character) => character.charCodeAt(0))),
  )
  return names.join('+')
}

/** Of the larger ones: the vectors are to stay readable. */
const MAX_BYTES = 420
const SEALED = 0x424d_53fd

function cut(folder: string): void {
  const found = new Map<string, { source: string; bytes: Uint8Array }>()
  const keep = (name: string, source: string, bytes: Uint8Array): void => {
    const known = found.get(name)
    if (known === undefined || bytes.length < known.bytes.length) found.set(name, { source, bytes })
    const larger = found.get(`${name}, larger`)
    if (known === undefined || bytes.length > MAX_BYTES || bytes.length <= known.bytes.length) return
    if (larger === undefined || bytes.length > larger.bytes.length) found.set(`${name}, larger`, { source, bytes })
  }
  const captures = readdirSync(folder).filter((name) => /^local-(?!perf).*\.pcap(ng)?$/.test(name))
  for (const capture of captures) {
    for (const frame of framesOf(join(folder, capture))) {
      if (viewOf(frame).getUint32(0, true) === SEALED) keep('TRANSFORM_HEADER', capture, frame.slice(0, 52))
      for (const message of messagesOf(frame)) {
        const header = Smb2Header.decode(viewOf(message))
        const response = (header.flags & HeaderFlags.SERVER_TO_REDIR) !== 0
        const words = [commandName(header.command), response ? 'response' : 'request']
        if (response) words.push(ntStatusName(header.status))
        if (message.length < 66 || commandName(header.command).startsWith('command')) continue
        words.push(variant(message, header.command, response))
        keep(words.filter((word) => word !== '').join(' '), capture, message)
      }
    }
  }
  const lines = [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { source, bytes }]) => {
      const { header, body } = readMessage(bytes)
      return JSON.stringify({ name, source: basename(source), hex: hex(bytes), value: jsonOf({ header, body }) })
    })
  writeFileSync(join(import.meta.dirname, 'smb2-captured.json'), `[\n${lines.join(',\n')}\n]\n`)
  process.stdout.write(`${lines.length} vectors\n`)
}

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: node test/vectors/smb2-cut.ts FOLDER')
cut(folder)
