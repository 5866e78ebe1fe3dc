/**
 * A command runs as a generator of steps: straight through where everything answers at once, and only where something
 * must be waited for does it yield a promise. So the common case costs no trip through the event loop, and the code
 * still reads from top to bottom.
 */
import type { Maybe } from './backend.ts'

export type Steps<T> = Generator<Promise<unknown>, T, unknown>

export const isPromise = <T>(value: Maybe<T>): value is Promise<T> => value instanceof Promise

/** Waits for `value` if it is not there: `const stat = yield* wait(file.stat())`. */
export function* wait<T>(value: Maybe<T>): Steps<T> {
  return isPromise(value) ? ((yield value) as T) : value
}

/** Steps that carry errors of awaited promises to the place that waits, for who takes them one by one. */
export function* guarded<T>(steps: Steps<T>): Steps<T> {
  let result = steps.next()
  while (result.done !== true) {
    const settled = (yield result.value.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )) as { value: unknown } | { error: unknown }
    result = 'error' in settled ? steps.throw(settled.error) : steps.next(settled.value)
  }
  return result.value
}

/** Runs to the end, at once if nothing has to be waited for. */
export function run<T>(steps: Steps<T>): Maybe<T> {
  const first = steps.next()
  return first.done === true ? first.value : runOn(steps, first.value)
}

async function runOn<T>(steps: Steps<T>, pending: Promise<unknown>): Promise<T> {
  let waiting = pending
  for (;;) {
    let next: IteratorResult<Promise<unknown>, T>
    try {
      const value = await waiting
      next = steps.next(value)
    } catch (error) {
      next = steps.throw(error)
    }
    if (next.done === true) return next.value
    waiting = next.value
  }
}
