/** Tables as Parquet files, for what is too large for this machine. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { systemReason } from '../../config/config-error.ts'
import type { Finding, Observer, Session, Transaction } from '../../trace/index.ts'
import {
  type Cell,
  type Column,
  findingColumns,
  rollColumns,
  sessionColumns,
  transactionColumns,
} from '../../trace/reports/columns.ts'
import type { Roll } from '../../trace/reports/overview.ts'
import { UsageError } from '../report.ts'

/** Rows that are kept until they are written together. */
const groupRows = 50_000

const TYPES = {
  text: 'STRING',
  integer: 'INT64',
  unsigned: 'INT64',
  seconds: 'DOUBLE',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
} as const

/** A table that grows while the capture is read. Its file is written synchronously: nothing has to be waited for. */
class ParquetTable<T> {
  readonly #columns: readonly Column<T>[]
  readonly #writer: ParquetWriter
  #cells: Cell[][]
  #rows = 0

  constructor(path: string, columns: readonly Column<T>[]) {
    this.#columns = columns
    this.#cells = columns.map(() => [])
    const columnData = this.#columnData()
    this.#writer = new ParquetWriter({ writer: fileWriter(path), schema: schemaFromColumnData({ columnData }) })
  }

  add(row: T): void {
    for (const [index, column] of this.#columns.entries()) this.#cells[index]?.push(stored(column, row))
    if (++this.#rows >= groupRows) this.#flush()
  }

  close(): void {
    this.#flush()
    void this.#writer.finish()
  }

  #columnData(): ColumnSource[] {
    return this.#columns.map(({ name, type }, index) => ({
      name,
      type: TYPES[type],
      nullable: true,
      data: this.#cells[index] ?? [],
    }))
  }

  #flush(): void {
    if (this.#rows === 0) return
    void this.#writer.write({ columnData: this.#columnData(), rowGroupSize: groupRows })
    this.#cells = this.#columns.map(() => [])
    this.#rows = 0
  }
}

/** Integers of Parquet have 64 bits. */
function stored<T>(column: Column<T>, row: T): Cell {
  const cell = column.of(row)
  if (cell === null) return null
  if (column.type === 'unsigned') return BigInt.asIntN(64, BigInt(cell))
  return column.type === 'integer' ? BigInt(cell) : cell
}

/** Writes `transactions`, `sessions`, `files` and `findings` into a folder. */
export class ParquetFolder implements Observer {
  readonly #folder: string
  readonly #transactions: ParquetTable<Transaction>
  readonly #sessions: ParquetTable<Session>

  /** @throws UsageError where the folder cannot be written */
  constructor(folder: string) {
    this.#folder = folder
    try {
      mkdirSync(folder, { recursive: true })
      this.#transactions = new ParquetTable(join(folder, 'transactions.parquet'), transactionColumns)
      this.#sessions = new ParquetTable(join(folder, 'sessions.parquet'), sessionColumns)
    } catch (error) {
      throw new UsageError(`${folder}: cannot be written: ${systemReason(error)}`, { cause: error })
    }
  }

  transaction(transaction: Transaction): void {
    this.#transactions.add(transaction)
  }

  conversationEnds({ sessions }: Parameters<NonNullable<Observer['conversationEnds']>>[0]): void {
    for (const session of sessions) this.#sessions.add(session)
  }

  /** The capture is over: the rest is written. */
  close(files: Iterable<Roll>, findings: readonly Finding[]): void {
    this.#transactions.close()
    this.#sessions.close()
    const fileTable = new ParquetTable(join(this.#folder, 'files.parquet'), rollColumns)
    for (const file of files) fileTable.add(file)
    fileTable.close()
    const findingTable = new ParquetTable(join(this.#folder, 'findings.parquet'), findingColumns)
    for (const finding of findings) findingTable.add(finding)
    findingTable.close()
  }
}
