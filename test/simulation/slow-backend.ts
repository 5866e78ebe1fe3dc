import type { Answer, Backend, BackendFile, Opened } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import type { Random } from './random.ts'

/** How many files of a slow backend are open: each must be closed in the end. */
export interface SlowBackend {
  readonly backend: Backend
  readonly openFiles: () => number
  /** It has not answered yet. */
  readonly isBusy: () => boolean
}

/** Answers of another backend, each some turns of the event loop later than asked for; how many the seed decides. */
export function slowBackend(inner: Backend, random: Random): SlowBackend {
  let openFiles = 0
  let pending = 0

  const later = async <T>(answer: Answer<T>): Promise<Awaited<Answer<T>>> => {
    pending++
    try {
      const value = await answer
      for (let turns = random.below(6); turns > 0; turns--)
        await new Promise<void>((resolve) => {
          setImmediate(resolve)
        })
      return value
    } finally {
      pending--
    }
  }

  const slowFile = (file: BackendFile): BackendFile => {
    let isClosed = false
    const check = (): void => {
      if (isClosed) throw new Error('a file is used after it was closed')
    }
    return new Proxy(file, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          check()
          if (name === 'close') {
            isClosed = true
            openFiles--
          }
          return later(Reflect.apply(value, target, args) as Answer<unknown>)
        }
      },
    })
  }

  const backend: Backend = {
    features: inner.features,
    async open(path, how) {
      const opened = await later(inner.open(path, how))
      if (failed(opened)) return opened
      openFiles++
      const slow: Opened = { ...opened, file: slowFile(opened.file) }
      return slow
    },
    volume: () => later(inner.volume()),
    close: () => inner.close(),
  }
  return { backend, openFiles: () => openFiles, isBusy: () => pending > 0 }
}
