import type { AccountSource } from '../auth/accounts.ts'
import { sameUser, type User } from '../config/users-file.ts'

/** Users as the server asks for them. All belong to the server itself, whatever domain a client names. */
export function accountsOf(users: readonly User[]): AccountSource {
  return {
    find(name) {
      const user = users.find((candidate) => sameUser(candidate.name, name))
      return user === undefined ? undefined : { user: user.name, ntHash: user.ntHash, disabled: !user.enabled }
    },
  }
}
