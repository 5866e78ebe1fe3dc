import type { DatabaseSync } from 'node:sqlite'
import { SmbError } from '../bytes/errors.ts'
import type { KeptState, OpenStore } from '../server/open-store.ts'

/** `smbk`: the file says whose it is. */
const APPLICATION_ID = 0x736d_626b
const SCHEMA_VERSION = 1

/** The file is no store of ours, of a newer version, or used by another server. */
export class StoreError extends SmbError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE', message, options)
  }
}

/**
 * Opens or makes the file in which the state of persistent opens is kept. What comes together is written together, with
 * one trip to the disk.
 * @throws StoreError where the file cannot be used
 */
export async function sqliteStore(file: string): Promise<SqliteStore> {
  // Only who keeps something pays for loading it.
  const sqlite = await import('node:sqlite')
  let database: DatabaseSync | undefined
  try {
    database = new sqlite.DatabaseSync(file)
    prepare(database)
    return new SqliteStore(database)
  } catch (error) {
    database?.close()
    if (error instanceof StoreError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new StoreError(`${file}: cannot keep persistent opens here: ${why}`, { cause: error })
  }

  function prepare(opened: DatabaseSync): void {
    // One server alone writes it, and each commit is on the disk when it returns.
    opened.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const number = (name: string): number => Number(Object.values(opened.prepare(`PRAGMA ${name}`).get() ?? {})[0])
    const version = number('user_version')
    if (version === 0 && number('schema_version') === 0) {
      opened.exec(`BEGIN;
        PRAGMA application_id = ${APPLICATION_ID};
        PRAGMA user_version = ${SCHEMA_VERSION};
        CREATE TABLE opens (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
        COMMIT`)
      return
    }
    if (number('application_id') !== APPLICATION_ID) throw new StoreError(`${file}: this is no store of smbkit`)
    if (version !== SCHEMA_VERSION) throw new StoreError(`${file}: a store of another version of smbkit (${version})`)
  }
}

type Statement = ReturnType<DatabaseSync['prepare']>

/** See `sqliteStore`. */
export class SqliteStore implements OpenStore {
  readonly #database: DatabaseSync
  readonly #insert: Statement
  readonly #delete: Statement
  /** What is to be written next; undefined goes. */
  #changes = new Map<bigint, string | undefined>()
  #written: Promise<void> | undefined

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = database.prepare('INSERT OR REPLACE INTO opens VALUES (?, ?)')
    this.#delete = database.prepare('DELETE FROM opens WHERE id = ?')
  }

  /** @throws StoreError where the file is damaged */
  load(): readonly KeptState[] {
    try {
      const rows = this.#database.prepare('SELECT id, state FROM opens ORDER BY id').all()
      return rows.map(({ id, state }) => ({ id: BigInt(`0x${String(id)}`), state: String(state) }))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new StoreError(`${this.#database.location() ?? ''}: cannot read what is kept: ${why}`, { cause: error })
    }
  }

  save({ id, state }: KeptState): Promise<void> {
    return this.#change(id, state)
  }

  remove(id: bigint): Promise<void> {
    return this.#change(id, undefined)
  }

  /** Ends it, when everything is written. */
  async close(): Promise<void> {
    try {
      await this.#written
    } finally {
      this.#database.close()
    }
  }

  #change(id: bigint, state: string | undefined): Promise<void> {
    this.#changes.set(id, state)
    this.#written ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const changes = this.#changes
        this.#changes = new Map()
        this.#written = undefined
        try {
          this.#write(changes)
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#written
  }

  #write(changes: ReadonlyMap<bigint, string | undefined>): void {
    this.#database.exec('BEGIN')
    try {
      for (const [id, state] of changes) {
        const key = id.toString(16).padStart(16, '0')
        if (state === undefined) this.#delete.run(key)
        else this.#insert.run(key, state)
      }
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
