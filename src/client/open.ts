import { AccessMask } from '../wire/dtyp/index.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { CreateDisposition, HeaderFlags } from '../wire/smb2/index.ts'
import { type CreateArguments, createCall, type Opened } from './calls/create.ts'
import { closeCall } from './calls/file.ts'
import { type Occasion, StatusError, TransportError } from './errors.ts'
import type { Lease } from './leases.ts'
import { OpenFile } from './open-file.ts'
import { granting, type Keeping, type LastRequest, named, patiently, replayed, requestOf } from './open-request.ts'
import type { Tree } from './tree.ts'

const TRANSIENT: Keeping = { wanted: 0, durable: false }

export interface OpenFileOptions {
  readonly keeping?: Keeping
  readonly signal?: AbortSignal | undefined
}

/** Opens a file. @throws as `Tree.run` */
export async function openFile(
  tree: Tree,
  given: CreateArguments,
  occasion: Occasion,
  options: OpenFileOptions = {},
): Promise<OpenFile> {
  const { cache } = tree.link
  const changes = (given.disposition ?? CreateDisposition.OPEN) !== CreateDisposition.OPEN
  const isInTheWay = cache.isOn && (changes || (given.access & AccessMask.DELETE) !== 0)
  if (isInTheWay) await cache.beforeChange(tree, given.name, given)
  try {
    return await openWithLease(tree, given, occasion, options)
  } finally {
    if (changes) cache.changed(tree, given.name)
  }
}

async function openWithLease(
  tree: Tree,
  given: CreateArguments,
  occasion: Occasion,
  { keeping = TRANSIENT, signal }: OpenFileOptions,
): Promise<OpenFile> {
  const { leases } = tree
  for (;;) {
    const lease = keeping.wanted === 0 ? undefined : leases.of(tree.name, given.name)
    const wasUsed = lease !== undefined && lease.uses > 0
    if (lease !== undefined) leases.wanted(lease)
    try {
      return await openWith(tree, given, occasion, { lease, keeping, signal })
    } catch (error) {
      if (lease !== undefined) leases.released(lease, undefined)
      // By that name there is another file now than the one that the lease is for (MS-SMB2 3.3.5.9.8).
      const isOther = error instanceof StatusError && error.status === NtStatus.INVALID_PARAMETER
      if (!wasUsed || !isOther) throw error
      leases.forget(tree.name, given.name)
    }
  }
}

interface OpenHow {
  readonly lease: Lease | undefined
  readonly keeping: Keeping
  readonly signal: AbortSignal | undefined
}

function openWith(tree: Tree, given: CreateArguments, occasion: Occasion, { lease, keeping, signal }: OpenHow) {
  let unknown: TransportError | undefined
  let last: LastRequest | undefined
  return tree.run(
    async (on) => {
      const again = replayed(last, on)
      const request = again ?? requestOf(on, tree, lease, given, keeping, occasion)
      last = { request, live: on.live }
      // A file that is opened for nobody is closed again.
      const late = (opened: Opened): void => {
        if (lease !== undefined) tree.leases.closing(lease, opened.fileId)
        void on.connection.call(on.context, closeCall(opened.fileId, occasion)).catch(() => undefined)
      }
      try {
        const flags = again === undefined ? 0 : HeaderFlags.REPLAY_OPERATION
        const create = createCall(named(request.arguments, on, tree), occasion, flags)
        const call = { ...(lease === undefined ? create : granting(tree, lease, on, create, request.version)), late }
        const opened = await patiently(tree, flags !== 0, () => on.connection.call(on.context, call, signal))
        return new OpenFile(on, tree, request, opened)
      } catch (error) {
        // What was to be new is there: perhaps it was this call that made it, before its connection was cut.
        if (unknown !== undefined && again === undefined && isCollision(error)) throw unknown
        if (error instanceof TransportError && error.outcomeUnknown) unknown = error
        throw error
      }
    },
    { signal, repeatable: true },
  )
}

const isCollision = (error: unknown): boolean =>
  error instanceof StatusError && error.status === NtStatus.OBJECT_NAME_COLLISION
