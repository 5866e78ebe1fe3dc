import { WireError } from '../bytes/errors.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { decodeReparsePoint, type ReparsePoint, SymlinkFlags } from '../wire/fscc/index.ts'
import {
  Dialect,
  ErrorResponse,
  encodeErrorContexts,
  SymbolicLinkFlags,
  symbolicLinkError,
} from '../wire/smb2/index.ts'
import type { BackendFile } from './backend.ts'
import type { Creation } from './creation.ts'
import { type Reply, reply } from './reply.ts'
import { type Steps, wait } from './steps.ts'

/**
 * The answer to an open whose path leads through a reparse point: where it leads, for the client to go there itself
 * (MS-SMB2 3.3.5.9, 2.2.2.2.1). The server follows none.
 */
export function* stoppedOnTheWay(creation: Creation): Steps<Reply | Failure> {
  const { share, name } = creation
  for (let depth = 1; depth < name.path.length; depth++) {
    const path = name.path.slice(0, depth)
    const found = yield* wait(share.backend.open(path, { disposition: 'open', read: false, write: false }))
    if (failed(found)) return found
    try {
      const data = yield* wait(found.file.reparsePoint?.())
      if (failed(data)) return data
      if (data !== undefined) return answerFor(creation, data, depth)
    } finally {
      yield* wait(found.file.close())
    }
  }
  // It was there a moment ago.
  return fail(NtStatus.OBJECT_PATH_NOT_FOUND)
}

/** The same for a path that ends at a reparse point. */
export function* stoppedAtTheEnd(creation: Creation, file: BackendFile): Steps<Reply | Failure> {
  const data = yield* wait(file.reparsePoint?.())
  if (data === undefined) return fail(NtStatus.IO_REPARSE_TAG_NOT_HANDLED)
  return failed(data) ? data : answerFor(creation, data, creation.name.path.length)
}

function answerFor({ request, name }: Creation, data: Uint8Array, depth: number): Reply | Failure {
  const link = read(data)
  // Only symbolic links are for clients to follow; other points are for a driver that is not here.
  if (link?.kind !== 'symlink') return fail(NtStatus.IO_REPARSE_TAG_NOT_HANDLED)
  const rest = name.path.slice(depth).map((component) => `\\${component}`)
  const unparsed = rest.join('') + (name.stream === undefined ? '' : `:${name.stream}`)
  const errorData = symbolicLinkError({
    substituteName: link.substituteName,
    printName: link.printName,
    unparsedPathLength: unparsed.length * 2,
    flags: (link.flags & SymlinkFlags.RELATIVE) !== 0 ? SymbolicLinkFlags.RELATIVE : SymbolicLinkFlags.ABSOLUTE,
  })
  const status = NtStatus.STOPPED_ON_SYMLINK
  request.chain.open = fail(status)
  return request.connection.negotiated?.dialect === Dialect.SMB_3_1_1
    ? reply(
        ErrorResponse,
        { errorContextCount: 1, errorData: encodeErrorContexts([{ errorContextData: errorData }]) },
        status,
      )
    : reply(ErrorResponse, { errorData }, status)
}

function read(data: Uint8Array): ReparsePoint | undefined {
  try {
    return decodeReparsePoint(data)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
