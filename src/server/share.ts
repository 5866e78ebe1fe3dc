import { failed } from '../wire/erref/failure.ts'
import type { Backend } from './backend.ts'
import { ChangeNotifier } from './change-notifier.ts'
import { FileTable } from './file-table.ts'
import { type Steps, wait } from './steps.ts'

export interface ShareOptions {
  /** As clients see it; without regard to case. */
  readonly name: string
  readonly backend: Backend
  readonly comment?: string
  readonly readOnly?: boolean
  /** Names of the users who may connect; absent: every user. */
  readonly users?: readonly string[]
  /** `required`: only sealed requests are served (SMB2_SHAREFLAG_ENCRYPT_DATA). */
  readonly encryption?: 'required' | 'enabled' | 'off'
  /** Not listed when clients browse. */
  readonly hidden?: boolean
  /** For status and RPC: where it lies, for people. */
  readonly path?: string
}

/** A share while it is offered. */
export class Share {
  readonly options: ShareOptions
  readonly files: FileTable
  readonly notifier: ChangeNotifier
  #volumeId: bigint | undefined

  constructor(options: ShareOptions, previous?: Share) {
    this.options = options
    this.files = previous?.files ?? new FileTable()
    this.notifier = previous?.notifier ?? new ChangeNotifier()
  }

  /** Volume serial number, as FileIdInformation and QFid tell it. */
  *volumeId(): Steps<bigint> {
    if (this.#volumeId === undefined) {
      const volume = yield* wait(this.backend.volume())
      this.#volumeId = failed(volume) ? 0n : BigInt(volume.serialNumber)
    }
    return this.#volumeId
  }

  get name(): string {
    return this.options.name
  }

  get backend(): Backend {
    return this.options.backend
  }

  get readOnly(): boolean {
    return this.options.readOnly === true || this.options.backend.features.readOnly
  }
}
