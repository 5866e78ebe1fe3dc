/** Now or later. */
export type Maybe<T> = T | Promise<T>
