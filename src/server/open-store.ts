/**
 * Where the state of persistent opens is kept, so that it outlives the server (MS-SMB2 3.3.1.10: Open.IsPersistent).
 * What is said to be done is done: it is still there when the power fails in the next moment.
 */
export interface OpenStore {
  /** All that is kept; asked for once, before anything else. */
  load(): readonly KeptState[]
  /** Keeps the state of an open, in place of the one before. */
  save(kept: KeptState): Promise<void>
  remove(id: bigint): Promise<void>
}

/** An open by the persistent part of its id, and what has to be known of it: a text that only the server reads. */
export interface KeptState {
  readonly id: bigint
  readonly state: string
}
