import type { Account, AccountSource } from '../auth/accounts.ts'
import { sameUser, type User } from '../config/users-file.ts'

const accountOf = ({ name, ntHash, enabled, terms }: User): Account => ({
  user: name,
  ntHash,
  disabled: !enabled,
  ...terms,
})

/** Users as the server asks for them. All belong to the server itself, whatever domain a client names. */
export function accountsOf(users: readonly User[]): AccountSource {
  return {
    find(name) {
      const user = users.find((candidate) => sameUser(candidate.name, name))
      return user && accountOf(user)
    },
    list: () => users.map(accountOf),
  }
}
