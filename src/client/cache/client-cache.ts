import type { Clock } from '../../protocol/clock.ts'
import { AccessMask } from '../../wire/dtyp/index.ts'
import { CreateDisposition } from '../../wire/smb2/index.ts'
import type { CreateArguments } from '../calls/create.ts'
import { LeaseTable, pathKey } from '../leases.ts'
import type { ClientLimits } from '../limits.ts'
import type { Settings } from '../settings.ts'
import type { Spot } from '../spot.ts'
import type { Tree } from '../tree.ts'
import { BlockStore } from './block-store.ts'
import { FileCache } from './file-cache.ts'
import { IdleHandles } from './idle-handles.ts'
import { KeptFolders } from './kept-folders.ts'
import { Recent } from './recent.ts'

/** All that is kept of one server's files (docs/decisions/0015). */
export class ClientCache {
  readonly clock: Clock
  readonly limits: ClientLimits
  readonly isOn: boolean
  readonly writesBehind: boolean
  readonly leases: LeaseTable
  readonly blocks: BlockStore
  readonly idle: IdleHandles
  readonly folders: KeptFolders
  readonly recent: Recent

  constructor({ limits, leases, writeBehind }: Settings, clock: Clock) {
    this.clock = clock
    this.limits = limits
    this.isOn = leases
    this.writesBehind = leases && writeBehind
    this.leases = new LeaseTable((lease) => new FileCache(lease, this))
    this.blocks = new BlockStore(limits.maxCachedBytes)
    this.idle = new IdleHandles(clock, limits)
    this.folders = new KeptFolders(clock, limits)
    this.recent = new Recent(clock, limits)
  }

  /** Whether something may be kept of what is at a spot: of the past, nothing. */
  mayKeep({ contexts }: Spot): boolean {
    return this.isOn && contexts.length === 0
  }

  /**
   * What is at a name, or below it, is about to be changed by its name: what is kept does not stand in the way. Does
   * nothing where nothing is kept.
   */
  async beforeChange(tree: Tree, name: string, { access }: Pick<CreateArguments, 'access'>): Promise<void> {
    const path = pathKey(tree.name, name)
    if (!this.isOn) return
    await Promise.all(this.leases.at(tree.name, name).map(({ cache }) => cache.flush()))
    if ((access & AccessMask.DELETE) !== 0) await Promise.all([this.idle.closeAt(tree, path), this.folders.endAt(path)])
    this.changed(tree, name)
  }

  /** What is at a name is different now, and so is the folder that it is in. */
  changed(tree: Tree, name: string): void {
    if (!this.isOn) return
    for (const { cache } of this.leases.at(tree.name, name)) cache.changedAll()
    this.folders.changed(pathKey(tree.name, name))
    this.folders.changedWithin(tree.name, name)
  }

  /** What was called one thing is called another now: who opens either gets a lease of its own. */
  renamed(tree: Tree, from: string, to: string): void {
    for (const name of [from, to]) {
      this.changed(tree, name)
      this.leases.forget(tree.name, name)
    }
  }

  /** One of several connections is gone, and perhaps with it what the server wanted to tell of other's changes. */
  doubted(): void {
    this.folders.clear(false)
    this.leases.doubted()
  }

  /** The session is gone, and all that it was promised. */
  lost(): void {
    this.idle.abandonAll()
    this.folders.clear(true)
    this.leases.lost()
  }
}

const A = AccessMask
const CHANGING =
  A.FILE_WRITE_DATA |
  A.FILE_APPEND_DATA |
  A.FILE_WRITE_EA |
  A.FILE_WRITE_ATTRIBUTES |
  A.FILE_DELETE_CHILD |
  A.DELETE |
  A.WRITE_DAC |
  A.WRITE_OWNER |
  A.GENERIC_WRITE |
  A.GENERIC_ALL |
  A.MAXIMUM_ALLOWED

/** Whether who opens something so may change it by that alone, or by what follows. */
export const isChanging = ({ access, disposition }: Pick<CreateArguments, 'access' | 'disposition'>): boolean =>
  (access & CHANGING) !== 0 || (disposition ?? CreateDisposition.OPEN) !== CreateDisposition.OPEN
