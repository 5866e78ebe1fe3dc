/** The field trees of captured messages against what tshark reads in the same captures. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import type { FieldNode } from '../../src/wire/schema/index.ts'
import { Command, dissectMessage, HeaderFlags, SMB2_HEADER_SIZE } from '../../src/wire/smb2/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { framesOf, messagesOf, tshark } from '../vectors/smb2-capture.ts'

/** What both can say of a message; what a message has not is left out. */
interface Reading {
  readonly response: boolean
  readonly messageId: string
  readonly command: number
  readonly sessionId: string
  readonly nextCommand: number
  readonly status?: number
  readonly treeId?: number
  readonly asyncId?: string
  readonly fileName?: string
  readonly fileId?: string
}

function* leaves(nodes: readonly FieldNode[]): Generator<FieldNode> {
  for (const node of nodes) {
    yield node
    yield* leaves(node.children)
  }
}

function ourReading(message: Uint8Array): Reading {
  const nodes = dissectMessage(viewOf(message), 0, message.length)
  const [header, body] = nodes
  const value = (node: FieldNode | undefined, label: string): unknown =>
    node?.children.find((child) => child.label === label)?.value
  const flags = value(header, 'flags') as number
  const response = (flags & HeaderFlags.SERVER_TO_REDIR) !== 0
  const async = (flags & HeaderFlags.ASYNC_COMMAND) !== 0
  const command = value(header, 'command') as number
  // One capture asks for a command that does not exist.
  const known = command <= Command.SERVER_TO_CLIENT_NOTIFICATION
  const problems = [...leaves(nodes)].filter((node) => node.problem !== undefined)
  assert.deepEqual(problems, known || response ? [] : [body])
  const fileId = value(body, 'fileId') as { readonly persistent: bigint; readonly volatile: bigint } | undefined
  return {
    response,
    messageId: String(value(header, 'messageId')),
    command,
    sessionId: `0x${(value(header, 'sessionId') as bigint).toString(16).padStart(16, '0')}`,
    nextCommand: value(header, 'nextCommand') as number,
    ...(response && { status: value(header, 'status') as number }),
    ...(async ? { asyncId: String(value(header, 'asyncId')) } : { treeId: value(header, 'treeId') as number }),
    ...(!response && command === Command.CREATE && { fileName: (value(body, 'name') ?? '') as string }),
    ...(fileId !== undefined && { fileId: `${word(fileId.persistent)}${word(fileId.volatile)}` }),
  }
}

/** A 64-bit number as its bytes on the wire, in hex. */
const word = (value: bigint): string =>
  Array.from({ length: 8 }, (_, i) => ((value >> BigInt(i * 8)) & 0xffn).toString(16).padStart(2, '0')).join('')

/** tshark shows file ids as GUIDs: the first three groups are little-endian. */
function guidBytes(guid: string): string {
  const groups = guid.split('-')
  const swap = (text: string): string => (text.match(/../g) ?? []).toReversed().join('')
  return groups.map((group, i) => (i < 3 ? swap(group) : group)).join('')
}

type Layer = { readonly [name: string]: Layer | string | readonly (Layer | string)[] }

function* packets(capture: string): Generator<Layer> {
  const json = tshark(['-r', capture, '-Y', 'smb2', '-T', 'json', '--no-duplicate-keys'])
  for (const frame of JSON.parse(json) as Record<string, { layers: Layer }>[]) {
    const smb2 = frame['_source']?.layers['smb2']
    for (const layer of Array.isArray(smb2) ? smb2 : [smb2]) if (typeof layer === 'object') yield layer as Layer
  }
}

/** The first field of this name, at any depth below `layer`. */
function find(layer: Layer, name: string): string | undefined {
  for (const [key, value] of Object.entries(layer)) {
    if (key === name) return typeof value === 'string' ? value : String((value as readonly unknown[])[0])
    const inner = typeof value === 'object' && !Array.isArray(value) ? find(value as Layer, name) : undefined
    if (inner !== undefined) return inner
  }
  return undefined
}

function theirReading(layer: Layer): Reading {
  const header = layer['SMB2 Header'] as Layer
  const must = (name: string): string => find(header, name) ?? assert.fail(`tshark has no ${name}`)
  const response = must('smb2.flags.response') === '1'
  const command = Number(must('smb2.cmd'))
  const async = must('smb2.flags.async') === '1'
  const bodyName = Object.keys(layer).find((key) => key !== 'SMB2 Header')
  const body = bodyName === undefined ? {} : (layer[bodyName] as Layer)
  const fileId = find(body, 'smb2.fid')
  return {
    response,
    messageId: BigInt(must('smb2.msg_id')).toString(),
    command,
    sessionId: must('smb2.sesid'),
    nextCommand: Number(must('smb2.chain_offset')),
    ...(response && { status: Number(must('smb2.nt_status')) }),
    ...(async ? { asyncId: BigInt(must('smb2.aid')).toString() } : { treeId: Number(must('smb2.tid')) }),
    ...(!response && command === Command.CREATE && { fileName: find(body, 'smb2.filename') ?? '' }),
    ...(fileId !== undefined && { fileId: guidBytes(fileId) }),
  }
}

/** The two read streams in a different order. */
const sorted = (readings: readonly Reading[]): Reading[] => {
  const key = (reading: Reading): string =>
    `${reading.sessionId} ${reading.messageId.padStart(20)} ${JSON.stringify(reading)}`
  return readings.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

const folder = join(import.meta.dirname, '../vectors/smb2-captures')

for (const name of readdirSync(folder).filter((file) => file.endsWith('.pcap'))) {
  test(`tshark and the dissector read ${name} alike`, needsPeer('tshark'), () => {
    const capture = join(folder, name)
    const messages = framesOf(capture).flatMap((frame) => [...messagesOf(frame)])
    assert.ok(messages.length >= 10)
    assert.ok(messages.every((message) => message.length > SMB2_HEADER_SIZE))
    const theirs = [...packets(capture)].map(theirReading)
    assert.deepEqual(sorted(messages.map(ourReading)), sorted(theirs))
  })
}
