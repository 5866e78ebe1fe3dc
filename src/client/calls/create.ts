import {
  Command,
  type CreateAction,
  CreateDisposition,
  CreateRequest,
  CreateResponse,
  type FileId,
  OplockLevel,
  ShareAccess,
} from '../../wire/smb2/index.ts'
import { type Answer, type Call, encodeCall } from '../call.ts'
import type { Occasion } from '../errors.ts'
import { narrow } from '../narrow.ts'
import type { BasicFacts } from '../stats.ts'

/** Read, write and delete are left to everybody. */
export const SHARE_ALL = ShareAccess.READ | ShareAccess.WRITE | ShareAccess.DELETE

export interface CreateArguments {
  /** As it goes over the wire: with `\`, '' for the share's root. */
  readonly name: string
  /** Bits of `AccessMask`. */
  readonly access: number
  /** Default: a file that is there. */
  readonly disposition?: CreateDisposition
  /** Bits of `CreateOptions`. */
  readonly options?: number
  /** Bits of `FileAttributes`. */
  readonly attributes?: number
  /** Bits of `ShareAccess`; default all. */
  readonly share?: number
  readonly oplock?: OplockLevel
  readonly contexts?: readonly { readonly name: string; readonly data: Uint8Array }[]
}

/** What CREATE tells of the file that is open now. */
export interface Opened extends BasicFacts {
  readonly fileId: FileId
  readonly action: CreateAction
  readonly oplockLevel: number
  /** Data by name. */
  readonly contexts: ReadonlyMap<string, Uint8Array>
}

/** MS-SMB2 2.2.13. */
export function createCall(given: CreateArguments, occasion: Occasion, flags = 0): Call<Opened> {
  return {
    command: Command.CREATE,
    frame: encodeCall(CreateRequest, {
      requestedOplockLevel: given.oplock ?? OplockLevel.NONE,
      desiredAccess: given.access >>> 0,
      fileAttributes: given.attributes ?? 0,
      shareAccess: given.share ?? SHARE_ALL,
      createDisposition: given.disposition ?? CreateDisposition.OPEN,
      createOptions: given.options ?? 0,
      name: given.name,
      createContexts: given.contexts ?? [],
    }),
    flags,
    occasion,
    read: readOpened,
  }
}

/** MS-SMB2 2.2.14. */
function readOpened(answer: Answer): Opened {
  const body = answer.body(CreateResponse)
  const { persistent, volatile } = body.fileId
  return {
    fileId: { persistent, volatile },
    action: body.createAction as CreateAction,
    oplockLevel: body.oplockLevel,
    creationTime: body.creationTime,
    lastAccessTime: body.lastAccessTime,
    lastWriteTime: body.lastWriteTime,
    changeTime: body.changeTime,
    allocationSize: narrow(body.allocationSize, 'SMB2 CREATE Response.allocationSize'),
    endOfFile: narrow(body.endOfFile, 'SMB2 CREATE Response.endOfFile'),
    fileAttributes: body.fileAttributes,
    contexts: new Map(body.createContexts.map(({ name, data }) => [name, data.slice()])),
  }
}
