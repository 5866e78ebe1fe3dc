import { AccessMask } from '../../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateDisposition, CreateOptions, CreateResponse, ShareAccess } from '../../wire/smb2/index.ts'
import { create } from '../commands/create.ts'
import { Open } from '../open.ts'
import type { Steps } from '../steps.ts'
import { answered, ask, type Place } from './core.ts'
import { closeOpenOf } from './files.ts'

/** How a command by path opens what it is about; default: as it is, to look at it. */
export interface How {
  readonly access?: number
  readonly disposition?: number
  readonly options?: number
  /** What others may do meanwhile; default: everything. */
  readonly share?: number
}

/** Nobody is in the way of who only looks. */
const EVERYBODY = ShareAccess.READ | ShareAccess.WRITE | ShareAccess.DELETE

/** Opens what a command by path is about. */
export function* openByPath(place: Place, name: string, how: How = {}): Steps<Open | Failure> {
  const { share } = place.tree
  // Pipes have no paths, and what is opened on a printer is a new document.
  if (share === undefined || share.options.printer !== undefined) return fail(NtStatus.NOT_SUPPORTED)
  const answer = yield* ask(place, create, {
    desiredAccess: how.access ?? AccessMask.FILE_READ_ATTRIBUTES,
    shareAccess: how.share ?? EVERYBODY,
    createDisposition: how.disposition ?? CreateDisposition.OPEN,
    createOptions: (how.options ?? 0) | CreateOptions.OPEN_REPARSE_POINT,
    name,
  })
  if (failed(answer)) return answer
  const open = place.tree.session.opens.get(answered(answer, CreateResponse).fileId.volatile)
  if (!(open instanceof Open)) throw new Error('a path that opens no file')
  return open
}

/** Opens what a command by path is about, does it, and closes it again. */
export function* withPath<T>(
  place: Place,
  name: string,
  how: How,
  act: (open: Open) => Steps<T | Failure>,
): Steps<T | Failure> {
  const open = yield* openByPath(place, name, how)
  if (failed(open)) return open
  try {
    return yield* act(open)
  } finally {
    yield* closeOpenOf(place, open)
  }
}

const nothing = function* (): Steps<void> {}

export const makeDirectory = (place: Place, name: string): Steps<Failure | void> =>
  withPath(place, name, { disposition: CreateDisposition.CREATE, options: CreateOptions.DIRECTORY_FILE }, nothing)

/** Whether there is a directory of this name. */
export const checkDirectory = (place: Place, name: string): Steps<Failure | void> =>
  withPath(place, name, { options: CreateOptions.DIRECTORY_FILE }, nothing)
