import type { Observer, Transaction } from '../model.ts'

/** An observer that hears of those transactions alone that `isWanted` takes, and of all else. */
export const transactionsWhere = (observer: Observer, isWanted: (transaction: Transaction) => boolean): Observer => ({
  conversationBegins: (conversation) => observer.conversationBegins?.(conversation),
  transaction: (transaction) => {
    if (isWanted(transaction)) observer.transaction?.(transaction)
  },
  kerberos: (exchange) => observer.kerberos?.(exchange),
  announcement: (...told) => observer.announcement?.(...told),
  conversationEnds: (conversation) => observer.conversationEnds?.(conversation),
  end: () => observer.end?.(),
})
