import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { dialectName } from '../evidence/dialects.ts'
import { serverOf, statusOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

const REFUSED: readonly number[] = [
  NtStatus.NOT_SUPPORTED,
  NtStatus.INVALID_PARAMETER,
  NtStatus.SMB_NO_PREAUTH_INTEGRITY_HASH_OVERLAP,
]

/** MS-SMB2 3.3.5.4: a server that knows none of the dialects answers STATUS_NOT_SUPPORTED. */
export const noCommonDialect = transactionRule({
  id: 'no-common-dialect',
  looksFor: 'A negotiation of SMB 2 or 3 that the server refuses: no dialect in common.',
  sign: ({ detail, protocol, status, conversation }) =>
    detail.kind === 'negotiate' && protocol === 'smb2' && status !== undefined && REFUSED.includes(status)
      ? { key: `${conversation.client.address} ${conversation.server.address} ${status}` }
      : undefined,
  tell({ first }) {
    const { conversation, detail, status } = first
    const offered = detail.kind === 'negotiate' ? detail.dialects.map(dialectName).join(', ') : ''
    return {
      severity: 'problem',
      title: `${serverOf(conversation.server)} has no dialect in common with ${conversation.client.address}`,
      cause: `The client offered ${offered === '' ? 'no dialect of SMB 2 or 3' : `SMB ${offered}`}, and the server answered ${statusOf(first)}. ${
        status === NtStatus.NOT_SUPPORTED
          ? 'One of the two has been set to newer, or older, dialects than the other has.'
          : 'It did not take the parameters that came with the dialects (their hash, ciphers or contexts).'
      }`,
      advice: advise({
        windows:
          'Get-SmbServerConfiguration and Get-SmbClientConfiguration: Smb2DialectMin and Smb2DialectMax (policies "Mandate the minimum version of SMB" and "... maximum version of SMB").',
        samba:
          '"server min protocol" and "server max protocol" on the server, "client min protocol" and "client max protocol" on the client.',
        smbkit: 'minDialect and maxDialect.',
      }),
    }
  },
})
