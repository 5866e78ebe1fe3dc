import { viewOf } from '../../bytes/utf16.ts'
import { displayName, type NetbiosName } from '../../wire/nbss/index.ts'
import {
  NameAddress,
  NameAnswerPacket,
  NameQuestionPacket,
  NameRecordType,
  NameServiceFlags,
  NameServiceOpcode,
} from '../../wire/netbios/index.ts'
import { WireError } from '../../wire/schema/index.ts'

/** Seconds for which an answer may be remembered. */
const TIME_TO_LIVE = 300
const GROUP = 0x8000
const ACTIVE = 0x0400
const NAME_BYTES = 16
/** RFC 1002 4.2.18: a unit's hardware address and counters that nobody keeps. */
const STATISTICS_BYTES = 46
const { RESPONSE, OPCODE_MASK, AUTHORITATIVE } = NameServiceFlags

/** The names that a server has: its own as a workstation and as a file server, and its workgroup's. */
export interface OwnName extends NetbiosName {
  readonly isGroup: boolean
}

export const namesOf = (server: string, workgroup: string): readonly OwnName[] => [
  { name: server, suffix: 0x20, scope: '', isGroup: false },
  { name: server, suffix: 0x00, scope: '', isGroup: false },
  { name: workgroup, suffix: 0x00, scope: '', isGroup: true },
]

/**
 * What a name service packet is answered with: where a name of ours is, or which names we have (`nbtstat -A`). Undefined:
 * nothing, as for everything that is broadcast and not ours (RFC 1002 5.1.1). `address`: ours, as the asker reaches it.
 */
export function answerName(packet: Uint8Array, names: readonly OwnName[], address: Uint8Array): Uint8Array | undefined {
  let asked: NameQuestionPacket
  try {
    asked = NameQuestionPacket.decode(viewOf(packet))
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
  const { flags, questionCount, type, name, transactionId } = asked
  const isQuery = (flags & (RESPONSE | OPCODE_MASK)) === NameServiceOpcode.QUERY
  if (!isQuery || questionCount !== 1) return undefined
  const common = { transactionId, flags: RESPONSE | AUTHORITATIVE, answerCount: 1, name, type }
  if (type === NameRecordType.NBSTAT) return NameAnswerPacket.encode({ ...common, data: statusOf(names) })
  const own = names.find((one) => displayName(one) === displayName({ ...name, name: name.name.toUpperCase() }))
  // Groups are answered for by whoever browses for them.
  if (type !== NameRecordType.NB || own === undefined || own.isGroup) return undefined
  const data = NameAddress.encode({ address })
  return NameAnswerPacket.encode({ ...common, timeToLive: TIME_TO_LIVE, data })
}

/** RFC 1002 4.2.18. */
function statusOf(names: readonly OwnName[]): Uint8Array {
  const entryBytes = NAME_BYTES + 2
  const data = new Uint8Array(1 + names.length * entryBytes + STATISTICS_BYTES)
  const view = viewOf(data)
  data[0] = names.length
  for (const [i, { name, suffix, isGroup }] of names.entries()) {
    const at = 1 + i * entryBytes
    for (let j = 0; j < NAME_BYTES - 1; j++) data[at + j] = j < name.length ? name.charCodeAt(j) : 0x20
    data[at + NAME_BYTES - 1] = suffix
    view.setUint16(at + NAME_BYTES, ACTIVE | (isGroup ? GROUP : 0), false)
  }
  return data
}
