import type { CopyEntry, CopyProgress } from '../../client/api/copy.ts'
import { bytesText, count } from './format.ts'
import type { ProgressState } from './progress.ts'

/** What a command has carried so far, of how much. */
export class Tally {
  #files = 0
  #totalFiles = 0
  #bytes = 0
  #totalBytes = 0
  #kept = 0
  #carried = 0
  #same = 0
  #existing = 0
  #left = 0
  #removed = 0
  #failed = 0
  #isCounting = true
  #wasCut = false
  #name = ''
  /** Bytes of the files that are under way. */
  readonly #underWay = new Map<CopyEntry, number>()

  take(progress: CopyProgress): void {
    switch (progress.kind) {
      case 'found':
        if (progress.entry.kind !== 'directory') {
          this.#totalFiles++
          this.#totalBytes += progress.entry.size
        }
        break
      case 'counted':
        this.#isCounting = false
        break
      case 'bytes':
        this.#takeBytes(progress.entry, progress.bytes, progress.kept)
        break
      case 'done':
        if (progress.entry.kind !== 'directory') this.#takeDone(progress.entry)
        break
      case 'skipped':
        this.#takeSkipped(progress.entry, progress.reason)
        break
      case 'removed':
        this.#removed++
        break
      case 'failed':
        this.#failed++
        if (progress.isFinal && this.#underWay.has(progress.entry)) this.#wasCut = true
        if (progress.entry.kind !== 'directory') this.#forget(progress.entry)
        break
    }
  }

  /** Another copy begins: its files are still to be counted. */
  counting(): void {
    this.#isCounting = true
  }

  /** Something could not even be begun. */
  failedAlone(): void {
    this.#failed++
  }

  get state(): ProgressState {
    return {
      files: this.#files,
      totalFiles: this.#totalFiles,
      bytes: this.#bytes,
      totalBytes: this.#totalBytes,
      keptBytes: this.#kept,
      isCounting: this.#isCounting,
      name: this.#name,
    }
  }

  /** Whatever was tried has failed. */
  get isFutile(): boolean {
    return this.#failed > 0 && this.#files + this.#same + this.#existing + this.#removed === 0
  }

  /** Something large had begun to arrive: the same command can go on with it. */
  get isUnderWay(): boolean {
    return this.#wasCut || [...this.#underWay.values()].some((bytes) => bytes > 0)
  }

  /** For programs. */
  json(seconds: number): Record<string, number> {
    return {
      files: this.#files,
      bytes: this.#carried,
      keptBytes: this.#kept,
      same: this.#same,
      existing: this.#existing,
      leftOut: this.#left,
      removed: this.#removed,
      failed: this.#failed,
      seconds,
    }
  }

  /** In a line for people. */
  text(seconds: number, dryRun: boolean): string {
    const rate =
      seconds > 0 && this.#carried > 0 && !dryRun
        ? ` in ${seconds.toFixed(1)} s (${bytesText(this.#carried / seconds)}/s)`
        : ''
    const parts = [
      `${dryRun ? 'would copy ' : ''}${count(this.#files, 'file')}, ${bytesText(this.#carried)}${rate}`,
      this.#kept > 0 ? `${bytesText(this.#kept)} were there already` : '',
      this.#same > 0 ? `${this.#same} the same` : '',
      this.#existing > 0 ? `${this.#existing} left as they are` : '',
      this.#left > 0 ? `${this.#left} left out` : '',
      this.#removed > 0 ? `${this.#removed} ${dryRun ? 'to remove' : 'removed'}` : '',
      this.#failed > 0 ? `${this.#failed} failed` : '',
    ]
    return parts.filter((part) => part !== '').join('; ')
  }

  #takeBytes(entry: CopyEntry, bytes: number, kept: boolean): void {
    this.#name = entry.path
    this.#bytes += bytes
    if (kept) this.#kept += bytes
    else this.#carried += bytes
    this.#underWay.set(entry, (this.#underWay.get(entry) ?? 0) + bytes)
  }

  #takeDone(entry: CopyEntry): void {
    this.#files++
    // A file that has grown or shrunk since it was listed.
    this.#totalBytes += (this.#underWay.get(entry) ?? 0) - entry.size
    this.#underWay.delete(entry)
  }

  #takeSkipped(entry: CopyEntry, reason: 'exists' | 'same' | 'filter' | 'kind'): void {
    if (reason === 'same') this.#same++
    else if (reason === 'exists') this.#existing++
    else this.#left++
    // Only of the first two it was not known when they were found.
    if (reason === 'same' || reason === 'exists') this.#forget(entry)
  }

  #forget(entry: CopyEntry): void {
    this.#totalFiles = Math.max(this.#files, this.#totalFiles - 1)
    this.#totalBytes += (this.#underWay.get(entry) ?? 0) - entry.size
    this.#underWay.delete(entry)
  }
}
