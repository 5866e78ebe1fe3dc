import { type FileId, OplockLevel, RELATED_FILE_ID } from '../wire/smb2/index.ts'
import { isChanging } from './cache/client-cache.ts'
import type { Call } from './call.ts'
import { type CreateArguments, createCall, type Opened } from './calls/create.ts'
import { closeCall, type LastFacts } from './calls/file.ts'
import type { Occasion } from './errors.ts'
import { parentOnly } from './leases.ts'
import { openFile } from './open.ts'
import type { OpenFile } from './open-file.ts'
import type { Keeping } from './open-request.ts'
import { nameOn, type Tree } from './tree.ts'

/** Where a path leads: a share of a server, and a name there. */
export interface Spot {
  readonly tree: Tree
  /** As it goes over the wire, without what a namespace puts before it. */
  readonly name: string
  readonly occasion: Occasion
  /** Create contexts that everything there is opened with: which snapshot is meant. */
  readonly contexts: NonNullable<CreateArguments['contexts']>
}

/** How something is opened; its name is the spot's. */
export type How = Omit<CreateArguments, 'name'>

export interface OnceOptions {
  readonly signal?: AbortSignal | undefined
  /** It may be done twice, and nothing is different then. */
  readonly repeatable?: boolean
}

type Results<T extends readonly Call<unknown>[]> = { -readonly [K in keyof T]: T[K] extends Call<infer V> ? V : never }

/**
 * Opens, does what `calls` say and closes, all in one round trip. The first failure is thrown; what comes after a
 * failed open is not done.
 */
export function once<const T extends readonly Call<unknown>[]>(
  spot: Spot,
  how: How,
  calls: (fileId: FileId) => T,
  { signal, repeatable = false }: OnceOptions = {},
): Promise<{ readonly opened: Opened; readonly results: Results<T>; readonly last: LastFacts | undefined }> {
  const run = () => runOnce(spot, how, calls, { signal, repeatable })
  return spot.tree.link.cache.isOn && isChanging(how) ? changing(spot, how, run) : run()
}

/** What is kept of a file that is changed by its name is not as it was: neither while that is done nor after it. */
async function changing<T>({ tree, name }: Spot, how: How, work: () => Promise<T>): Promise<T> {
  const { cache } = tree.link
  await cache.beforeChange(tree, name, how)
  try {
    return await work()
  } finally {
    cache.changed(tree, name)
  }
}

function runOnce<const T extends readonly Call<unknown>[]>(
  spot: Spot,
  how: How,
  calls: (fileId: FileId) => T,
  { signal, repeatable = false }: OnceOptions,
): Promise<{ readonly opened: Opened; readonly results: Results<T>; readonly last: LastFacts | undefined }> {
  const { tree, occasion } = spot
  return tree.run(
    async (on) => {
      const parentKey = isChanging(how) ? tree.leases.parentKeyOf(tree.name, spot.name) : undefined
      const beside =
        parentKey === undefined
          ? how
          : {
              ...how,
              oplock: OplockLevel.LEASE,
              contexts: [...(how.contexts ?? []), parentOnly(parentKey, on.live.negotiated)],
            }
      const create = createCall(createArguments(spot, beside, nameOn(on, tree, spot.name)), occasion)
      const chain = [create, ...calls(RELATED_FILE_ID), closeCall(RELATED_FILE_ID, occasion)]
      const [opening, ...others] = on.connection.chain(on.context, chain, signal)
      const opened = (await opening) as Opened
      const results: unknown[] = []
      for (const other of others) results.push(await other)
      const last = results.pop() as LastFacts | undefined
      return { opened, results: results as Results<T>, last }
    },
    { signal, repeatable },
  )
}

const createArguments = (spot: Spot, how: How, name: string): CreateArguments => ({
  ...how,
  name,
  contexts: [...spot.contexts, ...(how.contexts ?? [])],
})

/** Opens what is at a spot, for more than one round trip. */
export const openAt = (
  spot: Spot,
  how: How,
  options: { readonly keeping?: Keeping; readonly signal?: AbortSignal | undefined } = {},
): Promise<OpenFile> => openFile(spot.tree, createArguments(spot, how, spot.name), spot.occasion, options)
