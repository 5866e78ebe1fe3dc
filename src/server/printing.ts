/** Printer shares: what is opened there is a new document, which is printed when it is closed (MS-SMB2 3.3.5.7, MS-RPRN 1.3). */
import { randomBytes } from 'node:crypto'
import type { Filetime } from '../bytes/filetime.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { CreateOptions, type CreateRequest } from '../wire/smb2/index.ts'
import type { BackendPath } from './backend.ts'
import type { Open } from './open.ts'
import type { PathName } from './path-name.ts'
import type { Request } from './request.ts'
import type { Share } from './share.ts'
import { run, type Steps, wait } from './steps.ts'

/** A document that a client has sent, whole. */
export interface PrintJob {
  /** As the client calls it: anything that a file may be called. */
  readonly document: string
  /** Who sent it; '' for a guest. */
  readonly user: string
  /** Address and port of the client. */
  readonly client: string
  /** The file in the share's backend that has it. It is taken away when the printer is done. */
  readonly path: BackendPath
  /** Bytes. */
  readonly size: number
}

/** Prints. What it throws is told as a fault, and the document is gone. */
export type Printer = (job: PrintJob) => void | Promise<void>

/** A document, from its first byte until it is on paper. */
export interface PrintDocument {
  /** As its printer's clients know it, 1 to 65535. */
  readonly id: number
  readonly name: string
  readonly user: string
  readonly client: string
  readonly submittedAt: Filetime
  state: 'spooling' | 'queued' | 'printing'
  /** Bytes; 0 while it is being sent. */
  size: number
  /** Its client has closed it, and wants it printed: it is not if only the connection was lost, or if it was taken back. */
  isComplete: boolean
}

const MAX_ID = 0xffff

/** What a printer has to do. */
export class PrintQueue {
  /** What has been sent has been printed. */
  done: Promise<void> = Promise.resolve()
  /** Sent, and not yet printed, in this order. */
  readonly documents = new Set<PrintDocument>()
  #lastId = 0

  /** It is not printed any more, if it waits. */
  takeBack(document: PrintDocument): void {
    document.isComplete = false
    this.documents.delete(document)
  }

  /** Ids come again when all have been given out. */
  nextId(): number {
    this.#lastId = (this.#lastId % MAX_ID) + 1
    return this.#lastId
  }
}

/** All documents of a printer, those first that are printed first. */
export function queueOf(share: Share): PrintDocument[] {
  const beingSent = [...share.files.opens()].flatMap(({ document }) => document ?? [])
  return [...share.printQueue.documents, ...beingSent]
}

const SPOOL_PREFIX = 'smbkit-'

/** Where a document that a CREATE names is kept: each is a new one, whatever it is called. */
export function spoolName(body: CreateRequest, name: PathName): PathName | Failure {
  const isDirectory = (body.createOptions & CreateOptions.DIRECTORY_FILE) !== 0 || name.isDirectory === true
  if (isDirectory || name.path.length === 0) return fail(NtStatus.NO_SUCH_FILE)
  if (name.stream !== undefined) return fail(NtStatus.OBJECT_NAME_INVALID)
  return { path: [`${SPOOL_PREFIX}${randomBytes(8).toString('hex')}`] }
}

export const documentOf = (request: Request, share: Share, asked: PathName): PrintDocument => ({
  id: share.printQueue.nextId(),
  submittedAt: request.connection.server.clock.now(),
  state: 'spooling',
  size: 0,
  name: asked.path.at(-1) ?? '',
  user: request.session.identity?.kind === 'user' ? request.session.identity.user : '',
  client: request.connection.transport.remote,
  isComplete: false,
})

/** What was sent is closed: the printer gets it if it is whole, and then it goes. */
export function* endDocument(open: Open, document: PrintDocument, printer: Printer): Steps<void> {
  const { file, share, path, server } = open
  const stat = yield* wait(file.stat())
  yield* wait(file.close())
  document.size = failed(stat) ? 0 : stat.endOfFile
  document.state = 'queued'
  const queue = share.printQueue
  if (document.isComplete && document.size > 0) queue.documents.add(document)
  const { name, user, client, size } = document
  const job: PrintJob = { document: name, user, client, path, size }
  const print = (): void | Promise<void> => {
    // Its user may have taken it back meanwhile.
    if (!document.isComplete || size === 0) return undefined
    document.state = 'printing'
    return printer(job)
  }
  // Nobody waits for paper: the client is answered now. One document after the other, as paper has it.
  queue.done = queue.done
    .then(print)
    .catch((error: unknown) => server.reportError(error, client))
    .then(() => run(forget(open)))
    .catch((error: unknown) => server.reportError(error, client))
    .then(() => void queue.documents.delete(document))
}

function* forget({ share: { backend }, path }: Open): Steps<void> {
  const spooled = yield* wait(backend.open(path, { disposition: 'open', read: false, write: true }))
  if (failed(spooled)) return
  yield* wait(spooled.file.remove())
  yield* wait(spooled.file.close())
}
