import type { CreateRequest } from '../wire/smb2/index.ts'
import type { Opened } from './backend.ts'
import type { LeaseRequest } from './caching/index.ts'
import type { RequestedContexts } from './create-contexts.ts'
import type { CreationName } from './durability/creation-name.ts'
import type { DurableWish } from './durability/durable-request.ts'
import type { PathName } from './path-name.ts'
import type { PrintDocument } from './printing.ts'
import type { Request } from './request.ts'
import type { Share } from './share.ts'

/** A CREATE of a file or directory on its way: what was asked for, checked and decoded. */
export interface Creation {
  readonly request: Request
  readonly body: CreateRequest
  readonly share: Share
  readonly name: PathName
  readonly contexts: RequestedContexts
  /** Permissions of what is made, as a POSIX client wants them; undefined: the open is none of POSIX. */
  readonly permissions: number | undefined
  /** The lease that is asked for. */
  readonly lease: LeaseRequest | undefined
  /** Whether the open is to outlive its connection. */
  readonly wish: DurableWish
  /** What is to be printed. */
  readonly document?: PrintDocument
  readonly naming: CreationName
  /** DesiredAccess with its generic rights spelled out. */
  readonly desired: number
}

/** True if the file itself was made, and not only a stream of one that was there. */
export const madeFile = ({ created, file, fileCreated }: Opened): boolean =>
  file.stream === undefined ? created : fileCreated === true
