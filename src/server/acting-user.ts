import type { Identity } from '../auth/mechanism.ts'
import type { Backend } from './backend.ts'
import type { Steps } from './steps.ts'

/** Who guests are to the operating system, where nothing else is said. */
const NOBODY = 'nobody'

/** The user of the operating system for whom a step runs now. Steps run one at a time, and each to its end. */
let acting: string | undefined

export const actingUser = (): string | undefined => acting

/** Who somebody is to the operating system. */
export const unixUserOf = (identity: Identity | undefined, guest = NOBODY): string =>
  identity?.kind === 'user' ? (identity.unixUser ?? systemNameOf(identity)) : guest

/** As winbind and sssd name users of a domain: one who is called root there is not the machine's root. */
const systemNameOf = ({ user, domain, isOfDomain }: Identity): string =>
  isOfDomain === true ? `${domain}\\${user}` : user

/** Runs steps of a request for a user: also those that come after something was waited for. */
export function* serveAs<T>(user: string, begin: () => Steps<T>): Steps<T> {
  const asUser = <R>(action: () => R): R => {
    const before = acting
    acting = user
    try {
      return action()
    } finally {
      acting = before
    }
  }
  const steps = asUser(begin)
  let result = asUser(() => steps.next())
  while (result.done !== true) {
    let settled: { readonly value: unknown } | { readonly error: unknown }
    try {
      settled = { value: yield result.value }
    } catch (error) {
      settled = { error }
    }
    const outcome = settled
    result = asUser(() => ('error' in outcome ? steps.throw(outcome.error) : steps.next(outcome.value)))
  }
  return result.value
}

/** A backend that opens as a user. What it tells of the place itself is the same for all. */
export function actingOn(backend: Backend, user: string): Backend {
  const opens = backend.as?.(user) ?? backend
  return {
    features: backend.features,
    open: (path, how) => opens.open(path, how),
    volume: () => backend.volume(),
    ...(backend.watch && { watch: backend.watch.bind(backend) }),
    ...(backend.snapshots && { snapshots: backend.snapshots }),
    close: () => backend.close(),
  }
}
