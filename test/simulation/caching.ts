/** Oplocks and leases, for tests: asking for them, what breaks came, acknowledging. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  Command,
  CreateContextName,
  CreateResponse,
  type FileId,
  LeaseBreakAcknowledgment,
  LeaseBreakNotification,
  LeaseBreakResponse,
  LeaseV1,
  LeaseV2,
  OplockBreakAcknowledgment,
  OplockBreakNotification,
  OplockBreakResponse,
  OplockLevel,
} from '../../src/wire/smb2/index.ts'
import { type createBody, plainId, tryCreate } from './files.ts'
import type { Answer, RawClient } from './raw-client.ts'

const LETTERS = { R: 1, H: 2, W: 4 } as const

/** 'RWH' as bits. */
export const bits = (letters: string): number =>
  [...letters].reduce((all, letter) => all | LETTERS[letter as keyof typeof LETTERS], 0)

/** The bits as 'RWH'. */
export const letters = (rights: number): string =>
  (['R', 'W', 'H'] as const).filter((letter) => (rights & LETTERS[letter]) !== 0).join('')

export const key = (number: number): string => `00000000-0000-0000-0000-${number.toString(16).padStart(12, '0')}`

export const PARENT_KEY_SET = 4
export const IN_PROGRESS = 2

export interface LeaseAsked {
  readonly key: string
  readonly rights: string
  /** Absent: the first version of leases. */
  readonly epoch?: number
  readonly parentKey?: string
}

type CreateValue = Parameters<typeof createBody>[0]

/** A CREATE value that asks for a lease. */
export function withLease(value: CreateValue, { epoch, key: leaseKey, parentKey, rights }: LeaseAsked): CreateValue {
  const common = { leaseKey, leaseState: bits(rights) }
  const data =
    epoch === undefined
      ? LeaseV1.encode(common)
      : LeaseV2.encode({
          ...common,
          epoch,
          parentLeaseKey: parentKey ?? key(0),
          leaseFlags: parentKey === undefined ? 0 : PARENT_KEY_SET,
        })
  return {
    requestedOplockLevel: OplockLevel.LEASE,
    ...value,
    createContexts: [...(value.createContexts ?? []), { name: CreateContextName.LEASE, data }],
  }
}

export interface LeaseGiven {
  readonly version: 1 | 2
  readonly key: string
  readonly rights: string
  readonly flags: number
  readonly epoch: number
}

/** The lease in the answer to a CREATE. */
export function leaseOf(answer: Answer): LeaseGiven | undefined {
  const { createContexts, oplockLevel } = answer.body(CreateResponse)
  const context = createContexts.find(({ name }) => name === CreateContextName.LEASE)
  assert.equal(oplockLevel === OplockLevel.LEASE, context !== undefined, 'the level says that there is a lease')
  if (context === undefined) return undefined
  const view = viewOf(context.data)
  const version = context.data.length === LeaseV1.size ? 1 : 2
  const { leaseKey, leaseState, leaseFlags } = version === 1 ? LeaseV1.decode(view) : LeaseV2.decode(view)
  const epoch = version === 1 ? 0 : LeaseV2.decode(view).epoch
  return { version, key: leaseKey, rights: letters(leaseState), flags: leaseFlags, epoch }
}

export interface Leased {
  readonly fileId: FileId
  readonly lease: LeaseGiven | undefined
}

/** Opens with a lease; asserts that it worked. */
export async function openLeased(client: RawClient, value: CreateValue, asked: LeaseAsked): Promise<Leased> {
  const answer = await tryCreate(client, withLease(value, asked))
  assert.equal(answer.statusName, 'STATUS_SUCCESS', value.name)
  return { fileId: plainId(answer.body(CreateResponse).fileId), lease: leaseOf(answer) }
}

export interface Oplocked {
  readonly fileId: FileId
  readonly level: number
}

export async function openOplocked(client: RawClient, value: CreateValue, level: OplockLevel): Promise<Oplocked> {
  const answer = await tryCreate(client, { requestedOplockLevel: level, ...value })
  assert.equal(answer.statusName, 'STATUS_SUCCESS', value.name)
  const { fileId, oplockLevel } = answer.body(CreateResponse)
  return { fileId: plainId(fileId), level: oplockLevel }
}

/** A break that the client was told of. */
export type Told =
  | { readonly kind: 'oplock'; readonly fileId: FileId; readonly level: number }
  | {
      readonly kind: 'lease'
      readonly key: string
      readonly from: string
      readonly to: string
      readonly mustAcknowledge: boolean
      readonly epoch: number
    }

/** The breaks that have come since this was asked last. */
export async function breaksOf(client: RawClient): Promise<Told[]> {
  await client.network.settled()
  return client.unsolicited.splice(0).map((message): Told => {
    assert.equal(message.header.command, Command.OPLOCK_BREAK)
    if (viewOf(message.message).getUint16(64, true) === OplockBreakNotification.size) {
      const { fileId, oplockLevel } = message.body(OplockBreakNotification)
      return { kind: 'oplock', fileId: plainId(fileId), level: oplockLevel }
    }
    const body = message.body(LeaseBreakNotification)
    assert.equal(message.header.sessionId, 0n)
    return {
      kind: 'lease',
      key: body.leaseKey,
      from: letters(body.currentLeaseState),
      to: letters(body.newLeaseState),
      mustAcknowledge: body.flags === 1,
      epoch: body.newEpoch,
    }
  })
}

/** Short, for comparisons: `RWH>RH` of a lease, with `!` where it wants no acknowledgement; the level of an oplock. */
export const breaksIn = async (client: RawClient): Promise<(string | number)[]> =>
  (await breaksOf(client)).map((one) =>
    one.kind === 'oplock' ? one.level : `${one.from}>${one.to}${one.mustAcknowledge ? '' : '!'}`,
  )

export const acknowledgeOplock = (client: RawClient, fileId: FileId, level: OplockLevel): Promise<Answer> =>
  client.call(Command.OPLOCK_BREAK, OplockBreakAcknowledgment, { fileId, oplockLevel: level })

export const acknowledgeLease = (client: RawClient, leaseKey: string, rights: string): Promise<Answer> =>
  client.call(Command.OPLOCK_BREAK, LeaseBreakAcknowledgment, { leaseKey, leaseState: bits(rights) })

export const levelAnswered = (answer: Answer): number => answer.body(OplockBreakResponse).oplockLevel
export const rightsAnswered = (answer: Answer): string => letters(answer.body(LeaseBreakResponse).leaseState)
