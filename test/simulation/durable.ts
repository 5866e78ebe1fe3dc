/** Durable opens, for tests: asking for them, coming back for them, what was answered. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  AppInstanceId,
  AppInstanceVersion,
  Capabilities,
  CreateContextName,
  CreateResponse,
  DurableHandleFlags,
  DurableHandleReconnect,
  DurableHandleReconnectV2,
  DurableHandleRequest,
  DurableHandleRequestV2,
  DurableHandleResponseV2,
  type FileId,
  OplockLevel,
} from '../../src/wire/smb2/index.ts'
import type { Client, LogonOptions, NegotiateOptions } from './client.ts'
import { type createBody, plainId, tryCreate } from './files.ts'
import type { Answer, CallOptions, RawClient } from './raw-client.ts'
import type { World } from './world.ts'

type CreateValue = Parameters<typeof createBody>[0]
type Context = { readonly name: string; readonly data: Uint8Array }

export const guid = (number: number): string => `${number.toString(16).padStart(8, '0')}-0000-0000-0000-000000000000`

const withContext = (value: CreateValue, ...contexts: readonly Context[]): CreateValue => ({
  ...value,
  createContexts: [...(value.createContexts ?? []), ...contexts],
})

/** Asks for version 1. */
export const durable = (value: CreateValue): CreateValue =>
  withContext(value, { name: CreateContextName.DURABLE_HANDLE_REQUEST, data: DurableHandleRequest.encode({}) })

export interface V2 {
  readonly createGuid: string
  readonly timeoutMs?: number
  readonly persistent?: boolean
}

const flagsOf = ({ persistent }: V2): number => (persistent === true ? DurableHandleFlags.PERSISTENT : 0)

export const durableV2 = (value: CreateValue, v2: V2): CreateValue =>
  withContext(value, {
    name: CreateContextName.DURABLE_HANDLE_REQUEST_V2,
    data: DurableHandleRequestV2.encode({ createGuid: v2.createGuid, timeout: v2.timeoutMs ?? 0, flags: flagsOf(v2) }),
  })

/** Comes back for an open; `v2`: by what it was asked for. */
export const comingBack = (value: CreateValue, fileId: FileId, v2?: V2): CreateValue =>
  withContext(
    value,
    v2 === undefined
      ? { name: CreateContextName.DURABLE_HANDLE_RECONNECT, data: DurableHandleReconnect.encode({ fileId }) }
      : {
          name: CreateContextName.DURABLE_HANDLE_RECONNECT_V2,
          data: DurableHandleReconnectV2.encode({ fileId, createGuid: v2.createGuid, flags: flagsOf(v2) }),
        },
  )

export const inAppInstance = (
  value: CreateValue,
  appInstanceId: string,
  version?: { readonly high: bigint; readonly low: bigint },
): CreateValue => {
  const id = { name: CreateContextName.APP_INSTANCE_ID, data: AppInstanceId.encode({ appInstanceId }) }
  if (version === undefined) return withContext(value, id)
  const data = AppInstanceVersion.encode({ appInstanceVersionHigh: version.high, appInstanceVersionLow: version.low })
  return withContext(value, id, { name: CreateContextName.APP_INSTANCE_VERSION, data })
}

export const BATCH = { requestedOplockLevel: OplockLevel.BATCH } as const

export interface Given {
  readonly fileId: FileId
  readonly createAction: number
  readonly oplockLevel: number
  /** What it was told of durability. */
  readonly durable: 'v1' | { readonly timeoutMs: number; readonly persistent: boolean } | undefined
}

export function givenIn(answer: Answer): Given {
  const { createAction, createContexts, fileId, oplockLevel } = answer.body(CreateResponse)
  const v1 = createContexts.find(({ name }) => name === CreateContextName.DURABLE_HANDLE_REQUEST)
  const v2 = createContexts.find(({ name }) => name === CreateContextName.DURABLE_HANDLE_REQUEST_V2)
  assert.ok(v1 === undefined || v2 === undefined)
  const told = v2 === undefined ? undefined : DurableHandleResponseV2.decode(viewOf(v2.data))
  return {
    fileId: plainId(fileId),
    createAction,
    oplockLevel,
    durable:
      told === undefined
        ? v1 === undefined
          ? undefined
          : 'v1'
        : { timeoutMs: told.timeout, persistent: (told.flags & DurableHandleFlags.PERSISTENT) !== 0 },
  }
}

/** A CREATE that is to succeed. */
export async function opened(client: RawClient, value: CreateValue, options?: CallOptions): Promise<Given> {
  const answer = await tryCreate(client, value, options)
  assert.equal(answer.statusName, 'STATUS_SUCCESS')
  return givenIn(answer)
}

/** Cuts the connection, without a word. */
export async function lose(world: World, client: Client): Promise<void> {
  client.disconnect()
  await world.settled()
}

/** A client that knows of persistent opens. */
export const persistentClient = (
  world: World,
  options: LogonOptions & { readonly negotiate?: NegotiateOptions } = {},
): Promise<Client> =>
  world.client({
    ...options,
    negotiate: { capabilities: Capabilities.PERSISTENT_HANDLES | Capabilities.LEASING, ...options.negotiate },
  })
