import type { Session } from './session.ts'
import type { Share } from './share.ts'

/** MS-SMB2 3.3.1.9. `share` is absent for IPC$. */
export class TreeConnect {
  readonly id: number
  readonly session: Session
  readonly share: Share | undefined
  readonly maximalAccess: number
  readonly encrypt: boolean
  /** `ServerCore.shareGeneration` when it was last looked whether the share is still offered. */
  generation: number

  constructor(id: number, session: Session, share: Share | undefined, maximalAccess: number, encrypt: boolean) {
    this.id = id
    this.generation = session.server.shareGeneration
    this.session = session
    this.share = share
    this.maximalAccess = maximalAccess
    this.encrypt = encrypt
  }

  get name(): string {
    return this.share?.name ?? 'IPC$'
  }
}
