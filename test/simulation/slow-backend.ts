import type { Answer, Backend, BackendFile, Opened } from '../../src/server/backend.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import type { Random } from './random.ts'

/** How many files of a slow backend are open: each must be closed in the end. */
export interface SlowBackend {
  readonly backend: Backend
  readonly openFiles: () => number
  readonly openSnapshots: () => number
  /** It has not answered yet. */
  readonly isBusy: () => boolean
}

/** Answers of another backend, each some turns of the event loop later than asked for; how many the seed decides. */
export function slowBackend(inner: Backend, random: Random): SlowBackend {
  let openFiles = 0
  let openSnapshots = 0
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

  const slow = (quick: Backend, ended: () => void): Backend => {
    const { snapshots } = quick
    return {
      features: quick.features,
      async open(path, how) {
        const opened = await later(quick.open(path, how))
        if (failed(opened)) return opened
        openFiles++
        const slowed: Opened = { ...opened, file: slowFile(opened.file) }
        return slowed
      },
      volume: () => later(quick.volume()),
      ...(snapshots && {
        snapshots: {
          times: () => later(snapshots.times()),
          async open(time) {
            const past = await later(snapshots.open(time))
            if (past === undefined || failed(past)) return past
            openSnapshots++
            return slow(past, () => openSnapshots--)
          },
        },
      }),
      async close() {
        await later(quick.close())
        ended()
      },
    }
  }
  return {
    backend: slow(inner, () => {}),
    openFiles: () => openFiles,
    openSnapshots: () => openSnapshots,
    isBusy: () => pending > 0,
  }
}
