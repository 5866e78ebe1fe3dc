import type { Maybe } from './mechanism.ts'

/** Goes on with a value now, or when it is there: what can be answered at once is answered at once. */
export function proceed<T, U>(value: Maybe<T>, use: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(use) : use(value)
}
